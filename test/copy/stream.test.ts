// Streams whose length nobody knows, into every store.

import { afterAll, describe, expect, inject, it } from 'vitest'
import { copyStream } from '#shared/copy/stream.ts'
import { openFolders } from '../harness/folders.ts'
import { bytesOf, sameBytes, streamOf } from '../suites/storage/content.ts'
import { rejectsWith } from '../suites/storage/expect.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { bytesAt } from './opened.ts'
import { PART_BYTES, azureStore, b2Store, folderStore, gcsStore, s3Store } from './stores.ts'

const servers = inject('servers')
const folders = await openFolders()
afterAll(() => folders.close())

const STORES = {
  s3: await s3Store(servers),
  gcs: await gcsStore(servers),
  azure: await azureStore(servers),
  b2: await b2Store(servers),
  folder: folderStore(folders.description),
}

describe.each(Object.entries(STORES))('into %s', (_, description) => {
  it.each([0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES * 5 + 3])('of %i bytes', async (size) => {
    const to = createHarness(description, { fetch }).open()
    const bytes = bytesOf(size)
    const moved: number[] = []
    const { info, evidence, digest } = await copyStream({
      ...{ stream: streamOf(bytes), to, key: 'key', mode: 'overwrite' },
      properties: { contentType: 'image/png', metadata: { a: 'b' } },
      onProgress: (count) => void moved.push(count),
    })
    sameBytes(await bytesAt(to, 'key'), bytes)
    expect(info.size).toBe(size)
    expect(digest.algorithm).toBe('crc32c')
    expect(['attested', 'recorded']).toContain(evidence)
    expect(moved.at(-1) ?? 0).toBe(size)
    expect(await to.head('key')).toMatchObject({ contentType: 'image/png', metadata: { a: 'b' } })
  })

  it('leaves nothing behind when the stream fails', async () => {
    const to = createHarness(description, { fetch }).open()
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('the program died')),
    })
    const copying = copyStream({ stream: broken, to, key: 'key', mode: 'overwrite' })
    await expect(copying).rejects.toThrow('the program died')
    expect(await to.find('key')).toBeUndefined()
  })
})

it('finds out when what was written is not what was sent', async () => {
  const harness = createHarness(STORES.gcs, { fetch })
  const to = harness.open()
  await to.put('key', 'taken')
  const job = { stream: streamOf(bytesOf(10)), to, key: 'key', mode: 'create' } as const
  await rejectsWith('exists', () => copyStream(job))
})
