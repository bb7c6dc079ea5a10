// Whatever comes, in whatever shape: readers answer, give only what a task can hold, and never throw; verifiers
// let nobody in by chance.

import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { readAws } from '#shared/events/aws.ts'
import { readAzure } from '#shared/events/azure.ts'
import { isSignedByB2 } from '#shared/events/b2-signature.ts'
import { readB2 } from '#shared/events/b2.ts'
import { tasksOf } from '#shared/events/changes.ts'
import type { Reading } from '#shared/events/event.ts'
import { agreeToOrigin, validationCodeOf } from '#shared/events/event-grid.ts'
import { readGcs } from '#shared/events/gcs.ts'
import { readNotification } from '#shared/events/notification.ts'
import { tasksOfMessage } from '#shared/events/queue-message.ts'
import { readR2 } from '#shared/events/r2.ts'
import { compareSequence } from '#shared/events/sequence.ts'
import { createSnsVerifier } from '#shared/events/sns-signature.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { seeded } from '../seeds.ts'
import { eventVectors, headerOf, vectorOf } from './vectors.ts'

const payloads = eventVectors().map(({ file }) => vectorOf(`events/${file}`))

/** Values that a field might hold by mistake, or by malice. */
const odd = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1e300,
    true,
    [],
    {},
    [[]],
    '%',
    '\ud800',
    '__proto__',
    'x'.repeat(2000),
  ),
  fc.string(),
  fc.double(),
  fc.jsonValue(),
)

/** A real payload in which something is other than it was. */
const damaged = fc
  .tuple(fc.constantFrom(...payloads), fc.array(fc.tuple(fc.nat(400), odd), { maxLength: 4 }))
  .map(([payload, changes]) => {
    let text: unknown = structuredClone(payload)
    for (const [place, value] of changes) text = replaceAt(text, place, value)
    return text
  })

const anything = fc.oneof(damaged, fc.jsonValue(), odd)

/** The value at the so-manieth place of a walk, replaced. */
function replaceAt(root: unknown, place: number, value: unknown): unknown {
  let left = place
  const walk = (one: unknown): unknown => {
    if (left-- === 0) return value
    if (Array.isArray(one)) return one.map(walk)
    if (typeof one !== 'object' || one === null) return one
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, walk(inner)]))
  }
  return walk(root)
}

const READERS: readonly ((payload: unknown) => readonly Reading[] | undefined)[] = [
  (payload) => readAws(payload, 'd'),
  readAzure,
  (payload) => [readGcs(payload)],
  (payload) => [readGcs(payload, headerOf({ eventType: 'OBJECT_FINALIZE', bucketId: 'b' }))],
  (payload) => [readR2(payload)],
  readB2,
  (payload) => readNotification(payload, 'd'),
]

const TEXTS = ['bucket', 'key', 'id', 'version', 'etag', 'sequencer', 'at', 'by', 'source', 'from']
const OPTIONAL = new Set(TEXTS.slice(3))

function isSound(reading: Reading): boolean {
  if (reading.type === 'ignore') return typeof reading.reason === 'string'
  const fields = reading as unknown as Record<string, unknown>
  const texts = TEXTS.every((name) => {
    return typeof fields[name] === 'string' || (OPTIONAL.has(name) && fields[name] === undefined)
  })
  const sized = reading.size === undefined || Number.isSafeInteger(reading.size)
  return texts && sized && reading.key !== ''
}

const landscape = {
  places: [
    's3://mybucket?region=eu-west-1',
    'gs://some-bucket',
    'b2://my-bucket?region=us-west-004',
  ].map((uri) => ({ store: uri.slice(0, 2), address: parseStoreUri(uri) })),
  workspaces: [{ name: 'app', primary: 's3' }],
  stagingPrefix: '.skein/staging/',
}

describe('whatever comes', { timeout: 60_000 }, () => {
  it('is read without a fault, into what events are', () => {
    const property = fc.property(anything, (payload) =>
      READERS.every((read) => (read(payload) ?? []).every(isSound)),
    )
    fc.assert(property, seeded())
  })

  it('becomes tasks for keys that stores can have, or none', () => {
    const property = fc.property(anything, (payload) => {
      const readings = readNotification(payload, 'd') ?? []
      const tasks = tasksOf(readings, landscape, () => landscape.places)
      return tasks.every(({ key, kind }) => {
        const landed = String(key).startsWith('.skein/staging/') && kind === 'upload-arrived'
        return landed || (kind === 'object-changed' && !String(key).startsWith('.skein/'))
      })
    })
    fc.assert(property, seeded())
  })

  it('in a queue, as text of any kind, is tasks or somebody else’s', () => {
    const property = fc.property(fc.oneof(fc.string(), anything), (payload) => {
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const tasks = tasksOfMessage({ id: 'm', body }, () => landscape)
      return tasks === undefined || Array.isArray(tasks)
    })
    fc.assert(property, seeded())
  })

  it('the order of two events is the opposite of the other way round', () => {
    const vendor = fc.constantFrom('aws', 'gcp', 'azure', 'r2', 'b2', 'minio', 'wasabi', 'ceph')
    const sequencer = fc.oneof(fc.stringMatching(/^[0-9a-fA-F]{0,20}$/), fc.string())
    const property = fc.property(vendor, sequencer, sequencer, (by, one, two) => {
      const of = (text: string) => ({ vendor: by, bucket: 'b', key: 'k', sequencer: text }) as const
      const [there, back] = [compareSequence(of(one), of(two)), compareSequence(of(two), of(one))]
      return there === undefined ? back === undefined : there === -back! || there === back
    })
    fc.assert(property, seeded())
  })

  it('nobody is let in by chance', async () => {
    const outside = { now: Date.now, fetch: () => Promise.reject(new Error('asked')) }
    const topic = 'arn:aws:sns:us-east-1:123456789012:t'
    const verify = createSnsVerifier({ topics: [topic], maxAgeSeconds: 60 }, outside)
    const rule = { secrets: ['a-secret-of-thirty-two-characters'], entra: undefined }
    const property = fc.asyncProperty(anything, fc.string(), async (payload, text) => {
      const body = JSON.stringify(payload)
      const headers = headerOf({ 'webhook-request-origin': text })
      validationCodeOf(payload)
      return (
        (await verify(body)) === undefined &&
        !isSignedByB2(Buffer.from(body), text, rule.secrets) &&
        agreeToOrigin(rule, { header: headers, secret: text }) === undefined
      )
    })
    await fc.assert(property, seeded())
  })
})
