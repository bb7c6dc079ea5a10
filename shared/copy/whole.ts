// A small object: read once, hashed, and put with its digest, which the destination checks. One GET, one PUT.

import { compareDigests } from '#shared/compare/digests.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { ChecksumAlgorithm, Checksum, ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { digestOf } from '#shared/wire/digest.ts'
import { carry } from './carry.ts'
import { checkSeen, heldMode, writeOnce } from './condition.ts'
import type { Copied, CopyJob } from './job.ts'
import { asSourceChange, checkFits, toKeyOf, wholeBytes } from './job.ts'

/** Or the object, as it is now, when it is too large for that. */
export async function copyWhole(job: CopyJob): Promise<Copied | { tooLarge: ObjectInfo }> {
  const { from, key, signal } = job
  const { info: source, body } = await from.get(key, { signal })
  if (source.size > wholeBytes(job)) {
    await body.cancel()
    return { tooLarge: source }
  }
  try {
    checkFits(job, source.size)
  } catch (error) {
    await body.cancel()
    throw error
  }
  const bytes = await readAll(body, source.size, job)
  const checksum = sourcesOwn(job.to, source)
  if (checksum) return put(job, source, bytes, checksum).catch(blame(job, source, bytes))
  checkSource(from.name, source, bytes)
  return put(job, source, bytes, cheapest(job.to, bytes))
}

/** The destination refused what is not as the source's digest says: whose fault that is has to be looked at. */
function blame({ from }: CopyJob, source: ObjectInfo, bytes: Uint8Array) {
  return (error: unknown): never => {
    if (isStorageError(error, 'corrupt')) checkSource(from.name, source, bytes)
    throw error
  }
}

async function put(
  job: CopyJob,
  source: ObjectInfo,
  bytes: Uint8Array,
  checksum: Checksum | undefined,
): Promise<Copied> {
  const { to, signal } = job
  const { properties, losses } = await carry(job, source)
  const digest: Checksum = checksum ?? {
    algorithm: 'crc32c',
    value: digestOf('crc32c', bytes),
  }
  await checkSeen(job, to.capabilities.put)
  const mode = heldMode(job.mode, to.capabilities.put)
  const digests: Digests = { ...source.checksums, [digest.algorithm]: digest.value }
  const written = { size: bytes.length, properties, digests, marked: job.own !== undefined }
  const info = await writeOnce(job, written, () =>
    to.put(toKeyOf(job), bytes, { ...properties, checksum, mode, signal }),
  )
  job.onProgress?.(bytes.length)
  const told = compareDigests(info.checksums, digests)?.same === true
  const evidence = checksum || told ? 'attested' : 'recorded'
  return { how: 'whole', source, info, evidence, digest, losses, resumedBytes: 0 }
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  size: number,
  job: CopyJob,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let held = 0
  try {
    for await (const chunk of body) {
      bytes.set(chunk, held)
      held += chunk.length
    }
  } catch (error) {
    throw asSourceChange(error, job)
  }
  return bytes
}

/** What the source's provider says of the bytes has to be true of those that came. */
function checkSource(store: string, { key, checksums }: ObjectInfo, bytes: Uint8Array): void {
  const algorithm = CHEAP.find((one) => checksums[one] !== undefined)
  if (algorithm === undefined || checksums[algorithm] === digestOf(algorithm, bytes)) return
  throw new StorageError(
    'corrupt',
    `${store} sent other bytes of ${quoteKey(key)} than its own ${algorithm} digest says; nothing was copied.`,
    { store, key },
  )
}

/** Cheap ones first: any of them finds what went wrong on the way. */
const CHEAP: readonly ChecksumAlgorithm[] = [
  'crc32',
  'crc32c',
  'crc64nvme',
  'sha256',
  'sha1',
  'md5',
]

/** What the destination can hold the bytes to without anybody having hashed them here. */
function sourcesOwn(to: Store, { checksums }: ObjectInfo): Checksum | undefined {
  const checks = to.capabilities.put.checksums
  const known = CHEAP.find((one) => checks.includes(one) && checksums[one] !== undefined)
  return known && { algorithm: known, value: checksums[known]! }
}

function cheapest(to: Store, bytes: Uint8Array): Checksum | undefined {
  const algorithm = CHEAP.find((one) => to.capabilities.put.checksums.includes(one))
  return algorithm && { algorithm, value: digestOf(algorithm, bytes) }
}
