// What goes wrong on the way: answers that are lost, connections that break, stores that want to be left
// alone, signatures that have expired, and people who change their minds.

import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { vi } from 'vitest'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { RunningSkein } from './skein.ts'
import { KIND, PART_BYTES, THRESHOLD_BYTES, TIME_LIMIT, startSkein } from './skein.ts'
import type { Meddle } from './wires.ts'
import { createWire, networkLost } from './wires.ts'

const LARGE = 5 * PART_BYTES + 9
const CHUNK_BYTES = PART_BYTES

async function stored({ store }: RunningSkein, key: string): Promise<Uint8Array> {
  return readAll((await store.get(key)).body)
}

describe.each(KIND)('%s', TIME_LIMIT, (kind) => {
  let skein: RunningSkein
  beforeAll(async () => {
    skein = await startSkein(inject('servers'), kind)
  })
  afterAll(() => skein.close())

  function over(meddle: Meddle) {
    const wire = createWire(skein.url, meddle)
    return { wire, client: skein.client({ fetch: wire.fetch }) }
  }

  it.each([
    ['small', 1000],
    ['large', LARGE],
  ])('a %s file arrives over a network that loses every third request', async (name, size) => {
    const bytes = bytesOf(size, 7)
    const { client } = over(({ number }, pass) => (number % 3 === 1 ? networkLost() : pass()))
    await client.upload(`lossy-${name}`, bytes, { concurrency: 1, chunkBytes: CHUNK_BYTES })
    sameBytes(await stored(skein, `lossy-${name}`), bytes)
  })

  it.each([
    ['small', 1000],
    ['large', LARGE],
  ])('a %s file arrives though every third answer is lost', async (name, size) => {
    const bytes = bytesOf(size, 8)
    const { client } = over(async ({ number }, pass) => {
      const answer = await pass()
      if (number % 3 !== 1) return answer
      await answer.arrayBuffer()
      return networkLost()
    })
    const options = { concurrency: 1, chunkBytes: CHUNK_BYTES, ifAbsent: true }
    const object = await client.upload(`unheard-${name}`, bytes, options)
    expect(object.size).toBe(size)
    sameBytes(await stored(skein, `unheard-${name}`), bytes)
  })

  it.each([
    ['small', 1000],
    ['large', LARGE],
  ])('a %s file is signed anew where the signature is refused', async (name, size) => {
    const bytes = bytesOf(size, 9)
    const { client, wire } = over(({ number, toSkein, url }, pass) =>
      // Until the first is refused, none is what was signed.
      toSkein || number > 1 ? pass() : pass({ url: url.replace(/(ignature|sig)=./, '$1=_') }),
    )
    await client.upload(`refused-${name}`, bytes, { concurrency: 1 })
    expect(wire.sent[0]).toMatch(/ 40[013]$/)
    sameBytes(await stored(skein, `refused-${name}`), bytes)
  })

  it('gives up at the store what it gives up', async () => {
    const stop = new AbortController()
    const { client } = over(({ number, toSkein }, pass) => {
      if (!toSkein && number === 4) stop.abort()
      return pass()
    })
    const options = { signal: stop.signal, concurrency: 2, chunkBytes: CHUNK_BYTES }
    const begun = client.upload('stopped', bytesOf(LARGE), options)
    await expect(begun).rejects.toMatchObject({ name: 'AbortError' })
    await nothingLeft(skein, 'stopped')
    expect(await skein.store.find('stopped')).toBeUndefined()
  })

  it('a part that fails for good ends the upload', async () => {
    const { client, wire } = over(({ number, toSkein }, pass) =>
      !toSkein && number > 2 ? networkLost() : pass(),
    )
    const options = { concurrency: 2, chunkBytes: CHUNK_BYTES }
    const failed = client.upload('broken', bytesOf(LARGE), options)
    await expect(failed).rejects.toMatchObject({ kind: 'unavailable' })
    const { length } = wire.sent
    await nothingLeft(skein, 'broken')
    const cancelled = kind === 'gcs' ? 1 : 0
    expect(wire.sent.length - length).toBeLessThanOrEqual(cancelled)
  })

  it('has no more parts on their way than it is told', async () => {
    let now = 0
    let most = 0
    const { client } = over(async ({ toSkein }, pass) => {
      if (toSkein) return pass()
      most = Math.max(most, ++now)
      return pass().finally(() => now--)
    })
    await client.upload('three', bytesOf(LARGE), { concurrency: 3, chunkBytes: CHUNK_BYTES })
    expect(most).toBe(kind === 'gcs' ? 1 : 3)
  })
})

/** What was begun is aborted a moment after the failure. */
async function nothingLeft({ store }: RunningSkein, key: string): Promise<void> {
  const { multipart } = store.capabilities
  if (!multipart?.listUploads) return
  await vi.waitFor(async () => {
    const { uploads } = await store.groups.multipart.listUploads({})
    expect(uploads.filter((one) => one.key === key)).toEqual([])
  })
}

describe.each(['s3', 'gcs'] as const)("%s's own faults", TIME_LIMIT, (kind) => {
  let skein: RunningSkein
  beforeAll(async () => {
    skein = await startSkein(inject('servers'), kind)
  })
  afterAll(() => skein.close())
  beforeEach(() => skein.control!.clear())

  it.each([
    ['a busy store', { status: 503, code: 'SlowDown', reason: 'backendError', retryAfter: 0 }],
    ['a connection cut in the middle', { cutRequestAfterBytes: 30_000 }],
    ['an answer that never comes back', { loseAnswer: true as const }],
  ])('%s is tried again', async (_, action) => {
    const bytes = bytesOf(LARGE, 11)
    await skein.control!.fault({ method: 'PUT', skip: 1, times: 2, action })
    await skein.client().upload('again', bytes, { chunkBytes: CHUNK_BYTES })
    sameBytes(await stored(skein, 'again'), bytes)
  })
})

it('bytes that change on their way to Cloud Storage are sent again', TIME_LIMIT, async () => {
  const skein = await startSkein(inject('servers'), 'gcs')
  const bytes = bytesOf(5000, 12)
  const wire = createWire(skein.url, ({ number, toSkein, method }, pass) => {
    if (toSkein || method !== 'PUT' || number > 1) return pass()
    const flipped = bytes.slice()
    flipped[100]! ^= 1
    return pass({ body: new Blob([flipped]) })
  })
  await skein.client({ fetch: wire.fetch }).upload('flipped', bytes)
  expect(wire.sent).toEqual(['PUT 200', 'PUT 200'])
  sameBytes(await stored(skein, 'flipped'), bytes)
  await skein.close()
})

describe.each(KIND)('%s', TIME_LIMIT, (kind) => {
  it.each([
    ['small', 1000],
    ['large', LARGE],
  ])('a %s file whose plan has expired is signed anew', async (name, size) => {
    // Signed an hour ago, for a minute.
    let skewMs = -3_600_000
    const skein = await startSkein(inject('servers'), kind, () => Date.now() + skewMs)
    const bytes = bytesOf(size, 13)
    const wire = createWire(skein.url, async ({ url }, pass) => {
      const answer = await pass()
      if (url.endsWith('/uploads')) skewMs = 0
      return answer
    })
    const client = skein.client({ fetch: wire.fetch })
    await client.upload(`late-${name}`, bytes, { concurrency: 2, expiresInSeconds: 60 })
    expect(wire.sent[0]).toMatch(/ 40[03]$/)
    sameBytes(await stored(skein, `late-${name}`), bytes)
    await skein.close()
  })
})

it('a session that keeps nothing of what it is sent is given up', TIME_LIMIT, async () => {
  const skein = await startSkein(inject('servers'), 'gcs')
  const wire = createWire(skein.url, ({ toSkein, method }, pass) =>
    // As where the bucket's CORS rule does not show Range.
    toSkein || method !== 'PUT' ? pass() : Promise.resolve(new Response('', { status: 308 })),
  )
  const failed = skein.client({ fetch: wire.fetch }).upload('stuck', bytesOf(LARGE))
  await expect(failed).rejects.toMatchObject({ kind: 'unavailable' })
  await skein.close()
})

it('an API that is busy is asked again, and one that is wrong is not', TIME_LIMIT, async () => {
  const skein = await startSkein(inject('servers'), 'folder')
  let asked = 0
  const busy = (status: number) =>
    createWire(skein.url, ({ toSkein }, pass) => {
      if (!toSkein || ++asked % 2 === 0) return pass()
      return Promise.resolve(new Response('', { status, headers: { 'retry-after': '0' } }))
    })
  await skein.client({ fetch: busy(503).fetch }).upload('busy', bytesOf(THRESHOLD_BYTES))
  expect(asked).toBe(4)
  asked = 0
  const wrong = skein.client({ fetch: busy(501).fetch }).upload('busy', bytesOf(1))
  await expect(wrong).rejects.toMatchObject({ kind: 'internal', status: 501 })
  expect(asked).toBe(1)
  await skein.close()
})
