// Every collected payload of every provider reads as its index says, and is known for what it is.

import { describe, expect, it } from 'vitest'
import { readAws } from '#shared/events/aws.ts'
import { readAzure } from '#shared/events/azure.ts'
import { readB2 } from '#shared/events/b2.ts'
import type { Reading } from '#shared/events/event.ts'
import { readGcs } from '#shared/events/gcs.ts'
import { readNotification } from '#shared/events/notification.ts'
import { readR2 } from '#shared/events/r2.ts'
import type { Vector } from './vectors.ts'
import { eventVectors, headerOf, vectorOf } from './vectors.ts'

const READERS: Record<string, (payload: unknown, vector: Vector) => Reading[]> = {
  aws: (payload) => readAws(payload, 'delivery'),
  minio: (payload) => readAws(payload, 'delivery'),
  wasabi: (payload) => readAws(payload, 'delivery'),
  azure: (payload) => readAzure(payload),
  gcp: (payload, { headers }) => [readGcs(payload, headerOf(headers))],
  cloudflare: (payload) => [readR2(payload)],
  b2: (payload) => readB2(payload),
}

const VENDORS: Record<string, string> = { cloudflare: 'r2' }

/** Where the event is not the whole file. */
const WITHIN: Record<string, (file: unknown) => unknown> = {
  'azure/storage-queue-message.json': (file) => (file as { decoded: unknown }).decoded,
}

const WORD = expect.stringMatching(/\w/) as string
const IGNORED = { reason: WORD }

function eventOf(file: string): object {
  const folder = file.split('/')[0]!
  return { vendor: VENDORS[folder] ?? folder, bucket: WORD, key: WORD, id: WORD }
}

const read = (vector: Vector): Reading[] => {
  const file = vectorOf(`events/${vector.file}`)
  return READERS[vector.file.split('/')[0]!]!(WITHIN[vector.file]?.(file) ?? file, vector)
}

const told = eventVectors().filter(({ expect: wanted }) => wanted !== undefined)
const readable = told.filter(({ expect: wanted }) => wanted!.type !== 'reject-unsigned')

it('the index tells of enough', () => {
  expect(readable.length).toBeGreaterThan(50)
})

describe('a payload reads as its index says', () => {
  it.each(readable.map((vector) => [vector.file, vector] as const))('%s', (file, vector) => {
    const readings = read(vector)
    expect(readings).toHaveLength(1)
    const { versionId, ...wanted } = vector.expect!
    expect(readings[0]).toMatchObject({
      ...wanted,
      ...(versionId !== undefined && { version: versionId }),
    })
    expect(readings[0]).toMatchObject(wanted.type === 'ignore' ? IGNORED : eventOf(file))
  })
})

describe('a payload in a queue is known by its shape', () => {
  // These two are only known by the headers that a push has beside them.
  const pushed = ['gcp/pubsub-unwrapped-push.json', 'gcp/eventarc-binary-finalized.json']
  const queued = readable.filter(({ file }) => !pushed.includes(file))
  it.each(queued.map((vector) => [vector.file, vector] as const))('%s', (file, vector) => {
    const payload = vectorOf(`events/${file}`)
    expect(readNotification(WITHIN[file]?.(payload) ?? payload, 'delivery')).toEqual(read(vector))
  })

  it('and nothing else is', () => {
    const others = [null, 1, 'text', [], [null], {}, { Records: [] }, { Records: 'none' }]
    const tasks = [
      { v: 1, kind: 'upload-arrived' },
      vectorOf('events/aws/lambda-function-url.json'),
    ]
    for (const payload of [...others, ...tasks]) {
      expect(readNotification(payload, 'delivery')).toBeUndefined()
    }
  })
})
