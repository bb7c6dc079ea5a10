// `skein setup` on Google Cloud Storage, where neither CORS entries nor lifecycle rules have names.

import { describe, expect, inject, test } from 'vitest'
import { createOpening, openStore } from '#shared/storage/open.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { openBucketSettings } from '#shared/storage/providers/gcs/setup-bucket.ts'
import { createTransport } from '#shared/storage/providers/gcs/transport.ts'
import type { Setup } from '#shared/storage/schema.ts'
import { describeGcs } from '../harness/descriptions.ts'
import {
  ORIGIN,
  PLATFORM,
  apply,
  exposedBy,
  plan,
  preflight,
  setupOf,
  statesOf,
} from './setup-bucket.ts'

const { gcs: server } = inject('servers')

interface Resource {
  cors?: { origin?: string[]; responseHeader?: string[] }[]
  lifecycle?: { rule?: object[] }
  labels?: Record<string, string>
  versioning?: { enabled: boolean }
  encryption?: { defaultKmsKeyName: string }
  softDeletePolicy?: object
}

async function newBucket(resource: object = {}) {
  const { uri, options, control } = await describeGcs(inject('servers'))
  const url = `${server.url}/${control!.bucket}`
  const owner = async (method: 'GET' | 'PATCH', given?: object): Promise<Resource> => {
    const answer = await fetch(`${server.url}/storage/v1/b/${control!.bucket}`, {
      method,
      headers: {
        authorization: `Bearer ${await ownerToken()}`,
        'content-type': 'application/json',
      },
      ...(given && { body: JSON.stringify(given) }),
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as Resource
  }
  /** As its owner, who puts what they like there and sees what has become of it. */
  const change = (given: object) => owner('PATCH', given)
  const look = () => owner('GET')
  if (Object.keys(resource).length > 0) await change(resource)
  return { uri, options: options ?? {}, url, change, look }
}

async function ownerToken(): Promise<string> {
  const answer = await fetch(
    `${server.url}/computeMetadata/v1/instance/service-accounts/default/token`,
    { headers: { 'metadata-flavor': 'Google' } },
  )
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

const EVERYTHING: Setup = {
  cors: { origins: [ORIGIN] },
  encryption: 'provider',
  versioning: true,
  lifecycle: {
    abortMultipartAfterDays: 7,
    expireNoncurrentAfterDays: 30,
    expire: [{ prefix: 'tmp/', afterDays: 1 }],
    transitions: [{ afterDays: 90, storageClass: 'COLDLINE' }],
  },
}

const OWN = {
  cors: [
    { origin: ['https://www.example.com'], method: ['GET'], maxAgeSeconds: 5 },
    { origin: ['https://b.example.org'], method: ['*'], responseHeader: ['X-Mine'] },
  ],
  lifecycle: {
    rule: [
      { action: { type: 'Delete' }, condition: { age: 400, matchesPrefix: ['logs/'] } },
      {
        action: { type: 'SetStorageClass', storageClass: 'ARCHIVE' },
        condition: { customTimeBefore: '2031-01-01', matchesPrefix: ['x/', 'y/'] },
      },
    ],
  },
  labels: { team: 'files', 'skein-like': 'kept' },
}

/** The same, said the other way round, as Google may give it back. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([name, inner]) => [name, turned(inner)]))
}

describe('a bucket of Google', () => {
  test('is made fit once, and is fit afterwards', async () => {
    const bucket = await newBucket()
    const { softDeletePolicy } = await bucket.look()
    expect(statesOf(await plan(bucket, EVERYTHING))).toEqual([
      ['cors', 'change'],
      ['encryption', 'fit'],
      ['versioning', 'change'],
      ['lifecycle', 'change'],
    ])
    expect((await bucket.look()).lifecycle).toBeUndefined()
    await apply(bucket, EVERYTHING)
    const again = await plan(bucket, EVERYTHING)
    expect(again.map(({ state }) => state)).toEqual(['fit', 'fit', 'fit', 'fit'])
    const after = await bucket.look()
    await bucket.change({ lifecycle: turned(after.lifecycle) })
    expect(statesOf(await plan(bucket, EVERYTHING)).at(-1)).toEqual(['lifecycle', 'fit'])
    expect(after).toMatchObject({ versioning: { enabled: true }, softDeletePolicy })
    expect(after.lifecycle?.rule).toEqual([
      { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
      { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: 30 } },
      {
        action: { type: 'Delete' },
        condition: { age: 1, isLive: true, matchesPrefix: ['tmp/'] },
      },
      {
        action: { type: 'SetStorageClass', storageClass: 'COLDLINE' },
        condition: { age: 90, isLive: true },
      },
    ])
    for (const [name, digest] of Object.entries(after.labels ?? {})) {
      expect(`${name}: ${digest}`).toMatch(/^skein-[a-z0-9-]{1,57}: [0-9a-f]{32}$/)
    }
  })

  test('lets a browser send what is signed, and read what it needs', async () => {
    const bucket = await newBucket()
    await apply(bucket, { cors: { origins: [ORIGIN] } })
    const asked = 'content-type,x-goog-hash,x-goog-if-generation-match,x-goog-meta-a_b'
    const { allowed, methods } = await preflight(`${bucket.url}/key`, asked)
    expect(allowed).toContain('x-goog-if-generation-match')
    expect(methods).toContain('PUT')
    expect((await preflight(`${bucket.url}/key`, 'x-other')).allowed).toBe('')
    const store = openStore(bucket.uri.replace('/{place}', ''), PLATFORM, bucket.options)
    await store.put('key', 'x')
    const signed = await store.presign({ action: 'get', key: 'key', expiresInSeconds: 60 })
    expect(await exposedBy(signed.url)).toMatch(/etag.*x-goog-generation/)
  })

  test('keeps its owner’s entries and labels as they were, and loses ours alone', async () => {
    const bucket = await newBucket(OWN)
    const before = await bucket.look()
    const wanted: Setup = {
      cors: { origins: [ORIGIN] },
      lifecycle: { abortMultipartAfterDays: 7, expireNoncurrentAfterDays: 30 },
    }
    // Their first rule takes no heed of versions, so ours about old ones would meet it.
    const steps = await apply(bucket, wanted)
    expect(statesOf(steps)).toEqual([
      ['cors', 'change'],
      ['lifecycle', 'refused'],
      ['lifecycle', 'change'],
    ])
    expect(steps[1]?.reason).toContain('rule number 1')
    const during = await bucket.look()
    expect(during.cors?.slice(0, 2)).toEqual(OWN.cors)
    expect(during.lifecycle?.rule?.slice(0, 2)).toEqual(OWN.lifecycle.rule)
    expect(during.labels).toMatchObject(OWN.labels)

    const [step] = await apply(bucket, { lifecycle: {} })
    expect(step?.difference).toEqual({
      removed: [
        'skein-abort-multipart action: {"type":"AbortIncompleteMultipartUpload"}',
        'skein-abort-multipart condition: {"age":7}',
      ],
      added: [],
    })
    const after = await bucket.look()
    expect(after.lifecycle).toEqual(before.lifecycle)
    expect(after.labels).toEqual(before.labels)
  })

  test('takes a rule of ours that was edited by hand for its owner’s', async () => {
    const bucket = await newBucket()
    const wanted: Setup = { lifecycle: { abortMultipartAfterDays: 7 } }
    await apply(bucket, wanted)
    const edited = [{ action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 2 } }]
    await bucket.change({ lifecycle: { rule: edited } })
    const [step] = await plan(bucket, wanted)
    expect(step).toMatchObject({ state: 'refused' })
    expect((await bucket.look()).lifecycle?.rule).toEqual(edited)
    // Theirs does what is wanted now, so nothing is added, and the label without a rule does no harm.
    expect(statesOf(await plan(bucket, { lifecycle: { abortMultipartAfterDays: 2 } }))).toEqual([
      ['lifecycle', 'fit'],
    ])
  })

  test('has its last rule taken away', async () => {
    const bucket = await newBucket()
    await apply(bucket, { lifecycle: { abortMultipartAfterDays: 7 } })
    await apply(bucket, { lifecycle: {} })
    expect(await bucket.look()).toMatchObject({ labels: {} })
    expect((await bucket.look()).lifecycle).toBeUndefined()
  })

  test('has an entry of its owner’s in the way', async () => {
    const bucket = await newBucket({ cors: [{ origin: ['*'], method: ['GET', 'PUT'] }] })
    const [step] = await apply(bucket, { cors: { origins: [ORIGIN] } })
    expect(step).toMatchObject({ state: 'refused' })
    expect((await bucket.look()).cors).toHaveLength(1)
  })

  test('is not written to when somebody else has changed it since', async () => {
    const bucket = await newBucket()
    const opened = setupOf(bucket)
    const [cors, lifecycle] = await opened.plan({
      cors: { origins: [ORIGIN] },
      lifecycle: { abortMultipartAfterDays: 7 },
    })
    await bucket.change({ lifecycle: OWN.lifecycle })
    await expect(lifecycle!.apply!()).rejects.toMatchObject({ kind: 'precondition' })
    expect((await bucket.look()).lifecycle).toEqual(OWN.lifecycle)
    // What they changed is another part, so this one still holds.
    await cors!.apply!()
    expect((await bucket.look()).lifecycle).toEqual(OWN.lifecycle)
  })

  test('refuses a write between the last reading and ours', async () => {
    const bucket = await newBucket()
    const opening = createOpening(bucket.uri.replace('/{place}', ''), PLATFORM, bucket.options)
    const { signal } = new AbortController()
    const transport = createTransport(gcsSettings(opening))
    const settings = openBucketSettings(transport, (_operation, run) => run(signal))
    const since = await settings.read()
    await bucket.change({ labels: { team: 'files' } })
    const late = settings.patch(since, { versioning: { enabled: true } })
    await expect(late).rejects.toMatchObject({ kind: 'precondition' })
    expect((await bucket.look()).versioning?.enabled).not.toBe(true)
  })

  test('takes a key that is named, keeps one that is not, and never loses its versions', async () => {
    const bucket = await newBucket()
    const kmsKey = 'projects/p/locations/eu/keyRings/r/cryptoKeys/k'
    await apply(bucket, { encryption: { kmsKey }, versioning: true })
    expect(await bucket.look()).toMatchObject({ encryption: { defaultKmsKeyName: kmsKey } })
    const steps = await plan(bucket, { encryption: 'provider', versioning: false })
    expect(statesOf(steps)).toEqual([
      ['encryption', 'refused'],
      ['versioning', 'command'],
    ])
    expect(steps[1]?.commands?.[0]).toMatch(
      /^gcloud storage buckets update gs:\/\/[\w-]+ --no-versioning$/,
    )
  })
})
