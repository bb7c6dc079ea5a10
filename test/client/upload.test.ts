// The client against the real API and real stores: every size that changes the plan, what is stored is what
// was sent, and nobody but Skein is shown the token.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { UploadProgress } from '#shared/client/client.ts'
import { SkeinError } from '#shared/client/client.ts'
import { bytesOf, checksumOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { RunningSkein } from './skein.ts'
import { KIND, PART_BYTES, THRESHOLD_BYTES, TIME_LIMIT, startSkein } from './skein.ts'

const SIZES = [0, 1, THRESHOLD_BYTES, THRESHOLD_BYTES + 1, 8 * PART_BYTES + 7]

/** Beside what is chosen by size. */
const METHODS = {
  s3: ['put', 'form', 'parts'],
  gcs: ['put', 'form', 'parts', 'resumable'],
  azure: ['put', 'parts'],
  folder: ['put', 'parts'],
} as const

describe.each(KIND)('the client and %s', TIME_LIMIT, (kind) => {
  let skein: RunningSkein
  beforeAll(async () => {
    skein = await startSkein(inject('servers'), kind)
  })
  afterAll(() => skein.close())

  async function stored(key: string): Promise<Uint8Array> {
    return readAll((await skein.store.get(key)).body)
  }

  it.each(SIZES)('uploads %d bytes', async (size) => {
    const bytes = bytesOf(size, size + 1)
    const key = `sizes/${size}.bin`
    const seen: UploadProgress[] = []
    const object = await skein.client().upload(key, new Blob([bytes], { type: 'text/csv' }), {
      metadata: { colour: 'red' },
      onProgress: (progress) => seen.push(progress),
    })
    expect(object).toMatchObject({ key, size, store: 'main', contentType: 'text/csv' })
    const { info, body } = await skein.store.get(key)
    sameBytes(await readAll(body), bytes)
    expect(info.contentType).toBe('text/csv')
    expect(info.metadata).toMatchObject({ colour: 'red' })
    expect(seen.at(-1)).toEqual({ sentBytes: size, totalBytes: size })
  })

  it.each(METHODS[kind])('uploads by %s when asked to', async (method) => {
    const bytes = bytesOf(2 * PART_BYTES, 6)
    const key = `methods/${method}`
    const object = await skein.client().upload(key, bytes, { method, contentType: 'image/png' })
    expect(object).toMatchObject({ key, size: bytes.length, contentType: 'image/png' })
    sameBytes(await stored(key), bytes)
  })

  it('uploads bytes that are no blob', async () => {
    const bytes = bytesOf(1000)
    const view = new Uint8Array(bytes.buffer.slice(0), 10, 500)
    await skein.client().upload('view', view)
    sameBytes(await stored('view'), view)
    await skein.client().upload('buffer', bytes.buffer.slice(0))
    sameBytes(await stored('buffer'), new Uint8Array(bytes.buffer))
  })

  it('sends a digest that it computes itself', async () => {
    const bytes = bytesOf(3000, 3)
    const object = await skein.client().upload('digest', bytes, { checksum: 'crc32c' })
    expect(object.checksum).toEqual(checksumOf('crc32c', bytes))
  })

  it('overwrites nothing where it is not to', async () => {
    await skein.client().upload('once', bytesOf(10, 1), { ifAbsent: true })
    const again = skein.client().upload('once', bytesOf(10, 2), { ifAbsent: true })
    await expect(again).rejects.toThrow(SkeinError)
    sameBytes(await stored('once'), bytesOf(10, 1))
  })

  it('downloads, lists, describes and removes', async () => {
    const client = skein.client()
    const keys = ['many/a', 'many/b', 'many/c']
    for (const key of keys) await client.upload(key, bytesOf(100, 4))
    const response = await client.download('many/b')
    sameBytes(new Uint8Array(await response.arrayBuffer()), bytesOf(100, 4))
    const listed: string[] = []
    for await (const { key } of client.list({ prefix: 'many/', limit: 2 })) listed.push(key)
    expect(listed).toEqual(keys)
    const { size, stores } = await client.describe('many/b')
    expect({ size, states: stores.map(({ state }) => state) }).toEqual({
      size: 100,
      states: ['present'],
    })
    expect((await client.remove('many/b')).stores).toEqual([{ store: 'main', deleted: true }])
    await expect(client.describe('many/b')).rejects.toMatchObject({ kind: 'not-found' })
    await expect(client.download('many/b')).rejects.toMatchObject({ kind: 'not-found' })
  })

  it('downloads a range', async () => {
    await skein.client().upload('range', bytesOf(1000, 5))
    const response = await skein.client().download('range', { range: { first: 10, last: 19 } })
    expect(response.status).toBe(206)
    sameBytes(new Uint8Array(await response.arrayBuffer()), bytesOf(1000, 5).slice(10, 20))
  })

  it('shows the token to Skein and to nobody else', async () => {
    const shown: boolean[] = []
    const api = `${skein.url}/v1/`
    const watched: typeof fetch = (input, init) => {
      const request = new Request(input, { ...init, body: null })
      const told = JSON.stringify([request.url, [...request.headers]]).includes(skein.token)
      expect(told).toBe(request.url.startsWith(api))
      shown.push(told)
      return fetch(input, init)
    }
    const client = skein.client({ fetch: watched })
    await client.upload('token/small', bytesOf(10))
    await client.upload('token/large', bytesOf(THRESHOLD_BYTES + 1))
    await (await client.download('token/small')).arrayBuffer()
    expect(shown).toContain(true)
    expect(shown).toContain(false)
  })

  it('says what the API refused, and why', async () => {
    const refused = skein.client({ token: 'skein_wrong' }).upload('key', bytesOf(1))
    await expect(refused).rejects.toMatchObject({
      name: 'SkeinError',
      kind: 'unauthenticated',
      status: 401,
      problem: { type: 'urn:skein:problem:unauthenticated' },
    })
  })
})
