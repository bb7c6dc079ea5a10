// Faults that tests ask for: which requests they meet, how often, and what then goes wrong.

import { refuseAs } from './errors.ts'
import type { Target } from './target.ts'

/** Several may go together, such as a delay before an error. */
export type FaultAction = {
  /** Answers with this error instead of performing. */
  status?: number
  code?: string
  retryAfter?: number
  /** Performs, and destroys the socket after so many bytes of the answer's body. */
  cutAfterBytes?: number
  /** Destroys the socket after so many bytes of the request's body, performing nothing. */
  cutRequestAfterBytes?: number
  /** Never answers. */
  hang?: boolean
  /** Answers 200 with an error document of this code, after white space, performing nothing. */
  okWithError?: string
  /** Performs, and inverts this byte of the answer's body; what is stored stays right. */
  flipByteAt?: number
  /** Waits before anything else. */
  delayMs?: number
  /** Performs, and destroys the socket instead of answering. */
  loseAnswer?: boolean
}

export type Fault = {
  bucket?: string
  method?: string
  operation?: string
  keyPrefix?: string
  /** Matching requests that are let through first. */
  skip?: number
  times: number
  action: FaultAction
}

export type Faults = {
  add(faults: readonly Fault[]): void
  clear(bucket: string | undefined): void
  /** The action this request meets, which is thereby used once. */
  take(target: Target, operation: string): FaultAction | undefined
}

export function createFaults(): Faults {
  let faults: Fault[] = []
  return {
    add: (more) => void faults.push(...more.map((fault) => ({ ...fault }))),
    clear: (bucket) => {
      faults = bucket === undefined ? [] : faults.filter((fault) => fault.bucket !== bucket)
    },
    take: (target, operation) => {
      const fault = faults.find((one) => meets(one, target, operation) && passSkip(one))
      if (!fault) return undefined
      fault.times -= 1
      return fault.action
    },
  }
}

function meets(fault: Fault, target: Target, operation: string): boolean {
  return (
    fault.times > 0 &&
    (fault.bucket ?? target.bucketName) === target.bucketName &&
    (fault.method ?? target.method) === target.method &&
    (fault.operation ?? operation) === operation &&
    target.key.startsWith(fault.keyPrefix ?? '')
  )
}

function passSkip(fault: Fault): boolean {
  if (!fault.skip) return true
  fault.skip -= 1
  return false
}

/** Throws the error that the action asks for, if it asks for one. */
export function throwFault(action: FaultAction): void {
  if (action.status === undefined) return
  const headers: Record<string, string> =
    action.retryAfter === undefined ? {} : { 'retry-after': String(action.retryAfter) }
  throw refuseAs(action.status, action.code ?? defaultCode(action.status), headers)
}

function defaultCode(status: number): string {
  if (status === 503) return 'SlowDown'
  return status === 409 ? 'ConditionalRequestConflict' : 'InternalError'
}

/** The body with the faulty byte, and no more of it than the action lets through. */
export function* spoil(
  chunks: Iterable<Buffer>,
  action: FaultAction | undefined,
): Generator<Buffer> {
  const { flipByteAt = -1, cutAfterBytes = Infinity } = action ?? {}
  let at = 0
  for (const chunk of chunks) {
    if (at >= cutAfterBytes) return
    const end = Math.min(chunk.length, cutAfterBytes - at)
    yield flip(chunk.subarray(0, end), flipByteAt - at)
    at += chunk.length
  }
}

function flip(chunk: Buffer, index: number): Buffer {
  const byte = chunk[index]
  if (byte === undefined) return chunk
  const copy = Buffer.from(chunk)
  copy[index] = byte ^ 0xff
  return copy
}

/** Passes a request's body on until the action cuts it. */
export async function* cutBody(
  body: AsyncIterable<Buffer>,
  afterBytes: number,
  cut: () => never,
): AsyncGenerator<Buffer> {
  let at = 0
  if (afterBytes === 0) cut()
  for await (const chunk of body) {
    at += chunk.length
    if (at >= afterBytes) cut()
    yield chunk
  }
}
