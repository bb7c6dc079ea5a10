// Somebody who writes to a primary: many small objects, some twice, some deleted again, and one large one. Each
// change is told as it is in life, by the provider's notification or by the task of a completion; what must be
// there in the end is remembered.

import { createHash, randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { replicateTask } from '#shared/replication/task.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Random } from './simulation/random.ts'

export interface Writing {
  store: Store
  replicas: readonly string[]
  workspace: string
  /** As its notifications call whoever sends them. */
  eventSource: 'aws:s3' | 'ceph:s3'
  random: Random
  send: (body: string) => void
}

export interface Plan {
  objects: number
  large: { key: string; bytes: number }
}

const LANES = 16
const MOST_BYTES = 16_384
const LARGE_CHUNK_BYTES = 2 ** 20
/** What is deleted was written before the second in which that happens: within one nobody knows what came first. */
const SETTLED_MILLISECONDS = 1500

/** The SHA-256 of what each key holds in the end, in hexadecimal. */
export async function writeAll(writing: Writing, plan: Plan): Promise<Map<string, string>> {
  const expected = new Map<string, string>()
  let lastWrittenAt = 0
  const numbers = Array.from({ length: plan.objects }, (_, i) => i)
  const lane = async (): Promise<void> => {
    for (let i = numbers.shift(); i !== undefined; i = numbers.shift()) {
      const key = `photos/${i % 7}/${i}.jpg`
      expected.set(key, await write(writing, key))
      if (i % 10 === 3) expected.set(key, await write(writing, key))
      lastWrittenAt = Date.now()
    }
  }
  await Promise.all([
    writeLarge(writing, plan.large).then((hash) => expected.set(plan.large.key, hash)),
    ...Array.from({ length: LANES }, lane),
  ])
  await vi.waitUntil(() => Date.now() - lastWrittenAt > SETTLED_MILLISECONDS, { timeout: 10_000 })
  for (const key of [...expected.keys()].filter((_, i) => i % 40 === 7)) {
    await writing.store.delete(key)
    tell(writing, key, { deleted: true, size: 0 })
    expected.delete(key)
  }
  return expected
}

async function write(writing: Writing, key: string): Promise<string> {
  const bytes = randomBytes(writing.random.below(MOST_BYTES))
  await writing.store.put(key, bytes, { contentType: 'image/jpeg' })
  tell(writing, key, { size: bytes.length })
  return createHash('sha256').update(bytes).digest('hex')
}

async function writeLarge(writing: Writing, { key, bytes }: Plan['large']): Promise<string> {
  const hash = createHash('sha256')
  let left = bytes
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = randomBytes(Math.min(left, LARGE_CHUNK_BYTES))
      left -= chunk.length
      hash.update(chunk)
      controller.enqueue(chunk)
      if (left === 0) controller.close()
    },
  })
  await writing.store.put(key, body, { size: bytes })
  tell(writing, key, { size: bytes })
  return hash.digest('hex')
}

interface Told {
  size: number
  deleted?: boolean
}

function tell(writing: Writing, key: string, { size, deleted = false }: Told): void {
  const { random, send, replicas, workspace } = writing
  const since = Date.now()
  if (random.chance(0.5)) return send(notification(writing, key, { size, deleted }))
  const about = deleted ? { deleted: since } : { size }
  for (const to of replicas) {
    send(JSON.stringify(replicateTask({ workspace, key, to, since, ...about })))
  }
  return undefined
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function notification(
  { store, eventSource }: Writing,
  key: string,
  { size, deleted }: Told,
): string {
  const record = {
    ...{ eventVersion: '2.2', eventSource, eventTime: new Date().toISOString() },
    eventName: deleted ? 'ObjectRemoved:Delete' : 'ObjectCreated:Put',
    s3: { bucket: { name: store.bucket }, object: { key: store.prefix + key, size } },
  }
  return JSON.stringify({ Records: [record] })
}
