// An R2 binding and a folder never meet in one runtime; here they do, over the proxy by which Miniflare lends its
// bindings to a process. What a Worker's own streams do for the binding is proven in workerd.

import { Miniflare } from 'miniflare'
import { afterAll, describe, it, vi } from 'vitest'
import type { R2Bucket } from '#shared/storage/providers/r2/binding.ts'
import { isR2Bucket } from '#shared/storage/providers/r2/binding.ts'
import { openFolders } from '../harness/folders.ts'
import { readAll } from '../suites/storage/content.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { COPY_CASES } from './cases.ts'
import { bindingStore, folderStore } from './stores.ts'

const folders = await openFolders()
const lender = new Miniflare({
  modules: true,
  script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
  r2Buckets: ['BUCKET'],
  r2Persist: false,
  handleRuntimeStdio: () => undefined,
})
const lent = await lender.getR2Bucket('BUCKET')
if (!isR2Bucket(lent)) throw new TypeError('Miniflare lends no bucket')
const bindings = { BUCKET: lendingBytes(lent) }
afterAll(async () => {
  vi.unstubAllGlobals()
  await lender.dispose()
  await folders.close()
})

/** The proxy passes on parts as bytes alone. */
function lendingBytes(bucket: R2Bucket): R2Bucket {
  const resumeMultipartUpload: R2Bucket['resumeMultipartUpload'] = (key, uploadId) => {
    const upload = bucket.resumeMultipartUpload(key, uploadId)
    return {
      uploadId,
      abort: () => upload.abort(),
      complete: (parts) => upload.complete(parts),
      uploadPart: async (partNumber, value) => {
        const bytes = value instanceof ReadableStream ? await readAll(value) : value
        return upload.uploadPart(partNumber, bytes)
      },
    }
  }
  return new Proxy(bucket, {
    get: (target, name) =>
      name === 'resumeMultipartUpload' ? resumeMultipartUpload : Reflect.get(target, name),
  })
}

/** The driver asks for a Worker's; the proxy holds a stream in memory anyway. */
class StreamOfLength extends TransformStream<Uint8Array, Uint8Array> {
  constructor(_bytes: number) {
    super()
  }
}
vi.stubGlobal('FixedLengthStream', StreamOfLength)

const open = (description: StoreDescription) => createHarness(description, { fetch, bindings })
const folder = open(folderStore(folders.description))
const r2 = open(bindingStore('BUCKET'))

describe.each([
  { title: 'r2 binding to folder', from: r2, to: folder },
  { title: 'folder to r2 binding', from: folder, to: r2 },
])('$title', (pair) => {
  for (const [title, run] of Object.entries(COPY_CASES)) {
    it(title, { timeout: 60_000 }, () => run(pair))
  }
})
