// The objects of the benchmark: written to the source at once or at a steady pace, and looked for at the replica.

import { createHash, randomBytes } from 'node:crypto'
import type { Store } from '#shared/storage/store.ts'
import type { Stage } from './stage.ts'

export interface Written {
  key: string
  bytes: number
}

const OBJECT_BYTES = 16_384
const LANES = 16
const CHUNK_BYTES = 2 ** 20

export async function writeMany(stage: Stage, prefix: string, count: number): Promise<Written[]> {
  const numbers = Array.from({ length: count }, (_, i) => i)
  const written: Written[] = []
  const lane = async (): Promise<void> => {
    for (let i = numbers.pop(); i !== undefined; i = numbers.pop()) {
      written.push(await writeOne(stage, `${prefix}/${i}`))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return written
}

async function writeOne({ source }: Stage, key: string): Promise<Written> {
  await source.store.put(key, randomBytes(OBJECT_BYTES), { contentType: 'image/jpeg' })
  return { key, bytes: OBJECT_BYTES }
}

/** One upload begins every so often, however long the others take; its task is sent when it is there. */
export async function writeSteadily(
  stage: Stage,
  prefix: string,
  count: number,
  aSecond: number,
): Promise<void> {
  const began = performance.now()
  const uploads: Promise<void>[] = []
  for (let i = 0; i < count; i++) {
    const early = began + (i * 1000) / aSecond - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const upload = writeOne(stage, `${prefix}/${i}`)
    uploads.push(upload.then(({ key, bytes }) => stage.sendTask(key, bytes, Date.now())))
  }
  await Promise.all(uploads)
}

/** Its SHA-256, in hexadecimal. */
export async function writeLarge({ source }: Stage, key: string, size: number): Promise<string> {
  const hash = createHash('sha256')
  let left = size
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = randomBytes(Math.min(left, CHUNK_BYTES))
      left -= chunk.length
      hash.update(chunk)
      controller.enqueue(chunk)
      if (left === 0) controller.close()
    },
  })
  await source.store.put(key, body, { size })
  return hash.digest('hex')
}

export async function isWholeAtReplica(
  { replica }: Stage,
  key: string,
  sha256: string,
): Promise<boolean> {
  const hash = createHash('sha256')
  for await (const bytes of (await replica.store.get(key)).body) hash.update(bytes)
  return hash.digest('hex') === sha256
}

/** What the source has and the replica has not, or has with other bytes: the ETag of a single PUT is its MD5. */
export async function lostObjects({ source, replica }: Stage): Promise<number> {
  const [here, there] = await Promise.all([listed(source.store), listed(replica.store)])
  return [...here].filter(([key, etag]) => {
    const copy = there.get(key)
    return copy === undefined || (copy !== etag && !isInParts(copy) && !isInParts(etag))
  }).length
}

async function listed(store: Store): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { key, etag } of store.listAll()) found.set(key, etag)
  return found
}

/** What came in parts is compared by its bytes. */
function isInParts(etag: string): boolean {
  return etag.includes('-')
}
