// A stream whose length nobody knows yet, such as what a program writes: into a store in one go or in parts, as
// it comes. It can be read but once, so nothing is resumed; it is hashed on its way, and what the destination
// tells of the whole has to be that.

import { compareDigests } from '#shared/compare/digests.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { Checksum, ObjectInfo, ObjectProperties, PutMode } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { digesting } from '#shared/wire/digest.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import { removeSame } from './aside.ts'

export interface StreamJob {
  stream: ReadableStream<Uint8Array>
  to: Store
  key: string
  mode: PutMode
  properties?: ObjectProperties | undefined
  onProgress?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface StreamCopied {
  info: ObjectInfo
  evidence: Grade
  digest: Checksum
}

export async function copyStream(job: StreamJob): Promise<StreamCopied> {
  const { to, key, mode, properties, onProgress, signal } = job
  const whole = to.capabilities.multipart?.digests.whole ?? []
  // Small ones are told by other digests than large ones, and nobody knows which it will be.
  const hashing = startPassingDigests([
    ...new Set(['crc32c', 'md5', ...whole.slice(0, 1)] as const),
  ])
  const options = { ...properties, mode, onProgress, signal }
  const written = await to.put(key, digesting(job.stream, hashing), options)
  const passed = await hashing.values()
  const info = compareDigests(written.checksums, passed) ? written : await to.head(key, { signal })
  const compared = compareDigests(info.checksums, passed)
  const digest: Checksum = { algorithm: 'crc32c', value: passed.crc32c! }
  if (compared?.same !== false) {
    return { info, evidence: compared ? 'attested' : 'recorded', digest }
  }
  await removeSame(to, info)
  const message = `${to.name} holds other bytes of ${quoteKey(key)} than it was sent, so they were removed; send it again.`
  throw new StorageError('corrupt', message, { store: to.name, key })
}
