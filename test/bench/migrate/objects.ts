// What is moved: as sizes are in most buckets, very many small ones, some hundreds of a megabyte, and a few large ones.

import { openStore } from '#shared/storage/open.ts'
import type { Emulator } from './servers.ts'

const KiB = 1024
const MiB = 1024 * KiB
const MEDIUM = 200
const LARGE = 4
const LARGE_BYTES = 32 * MiB
const WRITERS = 16

/** The same ones in every run. */
export function sizesOf(count: number): number[] {
  const share = (of: number): number => Math.ceil((of * count) / 20_000)
  const [medium, large] = [share(MEDIUM), share(LARGE)]
  return Array.from({ length: count }, (_, n) => {
    if (n < large) return LARGE_BYTES
    if (n < large + medium) return MiB
    // From 1 to 64 KiB, as many of each power of two.
    return Math.floor(KiB * 2 ** (((n * 7919) % 6007) / 1001.2))
  })
}

export async function fill(source: Emulator, sizes: readonly number[]): Promise<void> {
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const { credentials } = source
  // In one request each, so that its ETag is an MD5 and rclone can hold it against what arrives.
  const transfer = { multipartThresholdBytes: 2 * LARGE_BYTES }
  const store = openStore(source.uri, platform, { credentials, transfer })
  const noise = Buffer.from(
    Array.from({ length: 64 * KiB }, (_, at) => (at * 31 + (at >> 8)) & 255),
  )
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < sizes.length; n = next++) {
      const bytes = Buffer.alloc(sizes[n]!, noise)
      bytes.writeUInt32BE(n, 0)
      const key = `folder-${n % 40}/${String(n).padStart(6, '0')}.bin`
      await store.put(key, bytes, { contentType: 'application/octet-stream' })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, lane))
  await store.close()
}
