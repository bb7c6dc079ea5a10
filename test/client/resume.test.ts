// An upload that a reload interrupts goes on where it was: only what had not arrived is sent, and only when
// it is the same file, asked for in the same way.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ResumeStore, UploadOptions } from '#shared/client/client.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { RunningSkein } from './skein.ts'
import { KIND, PART_BYTES, TIME_LIMIT, startSkein } from './skein.ts'
import type { Meddle } from './wires.ts'
import { createWire, networkLost } from './wires.ts'

const SIZE = 6 * PART_BYTES + 1
const CHUNK_BYTES = PART_BYTES

function createPocket(): ResumeStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  }
}

function fileOf(seed: number): File {
  return new File([bytesOf(SIZE, seed)], 'film.mp4', { type: 'video/mp4', lastModified: 5 })
}

describe.each(KIND)('resuming at %s', TIME_LIMIT, (kind) => {
  let skein: RunningSkein
  beforeAll(async () => {
    skein = await startSkein(inject('servers'), kind)
  })
  afterAll(() => skein.close())

  async function attempt(
    key: string,
    file: File,
    resume: ResumeStore,
    meddle: Meddle,
    more: UploadOptions = {},
  ) {
    const wire = createWire(skein.url, meddle)
    const client = skein.client({ fetch: wire.fetch })
    const options = { resume, concurrency: 2, chunkBytes: CHUNK_BYTES, ...more }
    const outcome = await client.upload(key, file, options).catch((error: unknown) => error)
    return { wire, outcome }
  }

  /** The network ends for good after these requests to the store. */
  const until =
    (last: number): Meddle =>
    ({ number, toSkein }, pass) =>
      !toSkein && number > last ? networkLost() : pass()
  const free: Meddle = (_, pass) => pass()

  it('sends only what had not arrived', async () => {
    const pocket = createPocket()
    const file = fileOf(1)
    const first = await attempt('film', file, pocket, until(4))
    expect(first.outcome).toBeInstanceOf(Error)
    expect(pocket.kept.size).toBe(1)
    const second = await attempt('film', fileOf(1), pocket, free)
    expect(second.outcome).toMatchObject({ key: 'film', size: SIZE })
    expect(first.wire.sentBytes()).toBeGreaterThan(0)
    const left = SIZE - first.wire.sentBytes()
    expect(second.wire.sentBytes()).toBeLessThanOrEqual(left)
    // One was in flight when the other was lost, and may have arrived though nobody heard of it.
    expect(second.wire.sentBytes()).toBeGreaterThanOrEqual(left - CHUNK_BYTES)
    expect(pocket.kept.size).toBe(0)
    sameBytes(await readAll((await skein.store.get('film')).body), bytesOf(SIZE, 1))
  })

  it('begins anew with another file, or another wish', async () => {
    const pocket = createPocket()
    await attempt('other', fileOf(2), pocket, until(4))
    const changed = await attempt('other', fileOf(3), pocket, free)
    expect(changed.outcome).toMatchObject({ size: SIZE })
    sameBytes(await readAll((await skein.store.get('other')).body), bytesOf(SIZE, 3))
    const wished = await attempt('other', fileOf(2), pocket, free, { contentType: 'video/webm' })
    expect(wished.outcome).toMatchObject({ contentType: 'video/webm' })
    sameBytes(await readAll((await skein.store.get('other')).body), bytesOf(SIZE, 2))
    expect(pocket.kept.size).toBe(1)
  })

  it('begins anew where the upload has gone', async () => {
    const pocket = createPocket()
    await attempt('gone', fileOf(4), pocket, until(4))
    for (const kept of pocket.kept.values()) {
      const { id, session } = JSON.parse(kept) as { id: string; session?: string }
      if (session) await fetch(session, { method: 'DELETE' })
      const headers = { authorization: `Bearer ${skein.token}` }
      await fetch(`${skein.url}/v1/app/uploads/${id}`, { method: 'DELETE', headers })
    }
    const { outcome } = await attempt('gone', fileOf(4), pocket, free)
    expect(outcome).toMatchObject({ size: SIZE })
    sameBytes(await readAll((await skein.store.get('gone')).body), bytesOf(SIZE, 4))
  })

  it('sends nothing when all had arrived and only the answer was lost', async () => {
    const pocket = createPocket()
    const first = await attempt('done', fileOf(5), pocket, async ({ url }, pass) => {
      const answer = await pass()
      return url.endsWith('/complete') ? networkLost() : answer
    })
    expect(first.outcome).toMatchObject({ kind: 'unavailable' })
    const { wire, outcome } = await attempt('done', fileOf(5), pocket, free)
    expect(outcome).toMatchObject({ key: 'done', size: SIZE })
    expect(wire.sent).toEqual([])
  })

  it('goes on without a memory that cannot keep anything', async () => {
    const full: ResumeStore = {
      getItem: () => 'no JSON',
      setItem: () => {
        throw new Error('the quota is exceeded')
      },
      removeItem: () => undefined,
    }
    expect((await attempt('full', fileOf(6), full, free)).outcome).toMatchObject({ size: SIZE })
  })

  it('arrives though its memory forbids everything', async () => {
    const forbid = () => {
      throw new DOMException('the frame is sandboxed', 'SecurityError')
    }
    const shut: ResumeStore = { getItem: forbid, setItem: forbid, removeItem: forbid }
    expect((await attempt('shut', fileOf(7), shut, free)).outcome).toMatchObject({ size: SIZE })
  })
})

it('says that there is nothing to remember with, outside of a page', TIME_LIMIT, async () => {
  const skein = await startSkein(inject('servers'), 'folder')
  const asked = skein.client().upload('key', bytesOf(1), { resume: true })
  await expect(asked).rejects.toThrow('give `resume` a store of your own')
  await skein.close()
})
