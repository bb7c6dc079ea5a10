// The queue as everything but the entry points sees it. Tasks are small, versioned and idempotent: any of
// them may come twice, late, or in another order. Messages are made, checked and set aside here alone, so
// that what one platform keeps every other can.

import { isGroup } from '#shared/shape/group.ts'
import { Buffer } from 'node:buffer'
import type { Queue, Task } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'

/** Azure's hold 64 KiB of base64: this leaves room there for the reason of a message that is set aside. */
export const MAX_MESSAGE_BYTES = 48_000
export const MAX_DELAY_SECONDS = 900
const MAX_REASON_LENGTH = 240
/** Of what is no task and was not made here. */
const MAX_UNREADABLE_LENGTH = 4000

export interface Message {
  id: string
  /** A task as JSON, as it was sent. */
  body: string
  /** 1 the first time. */
  attempt: number
}

/** `set-aside`: it will never succeed; kept where people see it, with the reason. */
export type Outcome =
  | { result: 'done' }
  | { result: 'retry'; afterSeconds: number; reason: string }
  | { result: 'set-aside'; reason: string }

/** What one call to a platform may carry. */
export interface BatchLimits {
  messages: number
  bytes: number
}

/** A queue over a platform's call, which is given bodies that fit and never more than it takes. */
export function queueOver(
  limits: BatchLimits,
  deliver: (bodies: readonly string[], delaySeconds: number) => Promise<void>,
): Queue {
  return {
    async send(tasks, { delaySeconds = 0 } = {}) {
      const delay = Math.min(Math.max(Math.ceil(delaySeconds), 0), MAX_DELAY_SECONDS)
      for (const bodies of batches(tasks.map(encodeTask), limits)) await deliver(bodies, delay)
    },
  }
}

function encodeTask(task: Task): string {
  const body = JSON.stringify(task)
  const bytes = Buffer.byteLength(body)
  if (bytes <= MAX_MESSAGE_BYTES) return body
  throw new StorageError(
    'too-large',
    `A task "${task.kind}" has ${bytes} bytes and a message at most ${MAX_MESSAGE_BYTES}: tasks name what they are about, and do not hold it.`,
  )
}

function* batches(bodies: readonly string[], limits: BatchLimits): Generator<string[]> {
  let batch: string[] = []
  let bytes = 0
  for (const body of bodies) {
    const size = Buffer.byteLength(body)
    if (batch.length === limits.messages || (batch.length > 0 && bytes + size > limits.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(body)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** The task of a message; throws `invalid`, since what cannot be read now never can. */
export function decodeTask(body: string): Task {
  const task = readObject(body)
  if (task === undefined) throw unreadable('is no JSON object')
  const { v, kind } = task
  if (typeof kind !== 'string') throw unreadable('names no kind of task')
  if (v !== 1) throw unreadable(`is of version ${JSON.stringify(v)}, and this suite knows 1`)
  return { ...task, v, kind }
}

/** A message as it is set aside: the task, which can be sent again as it is, with the reason beside it. */
export function setAsideBody(body: string, reason: string): string {
  const setAside = reason.slice(0, MAX_REASON_LENGTH)
  const task = readObject(body) ?? { unreadable: body.slice(0, MAX_UNREADABLE_LENGTH) }
  return JSON.stringify({ ...task, setAside })
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isGroup(value) ? value : undefined
  } catch {
    return undefined
  }
}

function unreadable(what: string): StorageError {
  return new StorageError('invalid', `A message of the queue ${what}.`)
}
