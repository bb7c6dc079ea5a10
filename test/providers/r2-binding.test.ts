// The R2 driver against a binding that refuses before it has read: what workerd's own does is proven there.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import type { Driver } from '#shared/storage/contract.ts'
import type { R2Bucket, R2Upload } from '#shared/storage/providers/r2/binding.ts'
import { createR2Driver } from '#shared/storage/providers/r2.ts'
import { digestOf } from '#shared/wire/digest.ts'

const { signal } = new AbortController()

beforeEach(() => vi.stubGlobal('FixedLengthStream', TransformStreamOfAnyLength))
afterEach(() => vi.unstubAllGlobals())

class TransformStreamOfAnyLength extends TransformStream<Uint8Array, Uint8Array> {
  constructor(_bytes: number) {
    super()
  }
}

function open(binding: Partial<R2Bucket>): Driver {
  const address = parseStoreUri('r2://account/bucket?binding=FILES')
  const bindings = { FILES: { createMultipartUpload: () => undefined, ...binding } }
  return createR2Driver({
    address,
    name: 'files',
    capabilities: address.row.capabilities,
    options: {},
    platform: { env: {}, bindings, fileSystem: false, now: Date.now },
  })
}

function endless(): { stream: ReadableStream<Uint8Array>; size: number; cancelled: Promise<void> } {
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>()
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024)),
    cancel: () => cancel(),
  })
  return { stream, size: 1024 ** 2, cancelled }
}

it('lets go of a stream that the binding refuses unread', async () => {
  const put = () => Promise.reject(new Error('put: The key is not valid. (10020)'))
  const { cancelled, ...content } = endless()
  await expect(
    open({ put }).put('a', content, { mode: 'overwrite', signal }),
  ).rejects.toMatchObject({ kind: 'invalid', key: 'a' })
  await cancelled
})

it('lets go of a stream whose condition does not hold', async () => {
  const { cancelled, ...content } = endless()
  const put = () => Promise.resolve(null)
  await expect(open({ put }).put('a', content, { mode: 'create', signal })).rejects.toMatchObject({
    kind: 'exists',
  })
  await cancelled
})

it('deletes no object in place of a version', async () => {
  const remove = vi.fn<R2Bucket['delete']>(() => Promise.resolve())
  const driver = open({ delete: remove })
  const targets = [{ key: 'a', version: '1' }, { key: 'b' }]
  const results = await driver.delete(targets, { signal })
  expect(results).toMatchObject([{ key: 'a', error: { kind: 'unsupported' } }, { key: 'b' }])
  expect(remove.mock.calls).toEqual([[['b']]])
})

it('takes any digest of a part, and no stream without its length', async () => {
  const uploadPart: R2Upload['uploadPart'] = async (partNumber, value) => {
    await new Response(value as BodyInit).bytes()
    return { partNumber, etag: 'e' }
  }
  const resumeMultipartUpload: R2Bucket['resumeMultipartUpload'] = (_, uploadId) => ({
    uploadId,
    uploadPart,
    abort: () => Promise.reject(new Error('not asked for')),
    complete: () => Promise.reject(new Error('not asked for')),
  })
  const parts = open({ resumeMultipartUpload }).multipart!
  const bytes = new Uint8Array(3)
  const checksum = { algorithm: 'crc32c', value: digestOf('crc32c', bytes) } as const
  expect(await parts.part('a', 'id', 1, { bytes }, { checksum, signal })).toMatchObject({
    checksum,
  })
  const sized = { stream: new Blob([bytes]).stream(), size: 3 }
  expect(await parts.part('a', 'id', 2, sized, { checksum, signal })).toMatchObject({
    size: 3,
    checksum,
  })
  const { stream } = endless()
  await expect(parts.part('a', 'id', 1, { stream }, { checksum, signal })).rejects.toMatchObject({
    kind: 'unsupported',
  })
})
