/**
 * What a resumable upload session holds. Bytes become persistent in units of 256 KiB, so a
 * connection that breaks leaves a whole number of units, as in Cloud Storage.
 */
import type { JsonObject } from './call.ts'
import type { Digested } from './content.ts'
import { Intake } from './content.ts'
import type { Preconditions } from './preconditions.ts'
import type { ObjectVersion } from './state.ts'
import type { SizeRange } from './body-checks.ts'

export const UNIT_BYTES = 256 * 1024

export interface SessionRequest {
  readonly api: 'json' | 'xml'
  readonly bucket: string
  readonly name: string
  readonly resource: JsonObject
  readonly conditions: Preconditions
  /** The origin whose browser pages may use the session. */
  readonly corsOrigin: string | undefined
  readonly sizeRange?: SizeRange | undefined
}

export class ResumableSession {
  readonly id: string
  readonly request: SessionRequest
  readonly startedAtMs: number
  total: number | undefined
  isCancelled = false
  version: ObjectVersion | undefined
  #intake = new Intake()
  #pending: Buffer[] = []
  #pendingBytes = 0

  constructor(id: string, request: SessionRequest, startedAtMs: number, total: number | undefined) {
    this.id = id
    this.request = request
    this.startedAtMs = startedAtMs
    this.total = total
  }

  get persistedBytes(): number {
    return this.#intake.size
  }

  get receivedBytes(): number {
    return this.#intake.size + this.#pendingBytes
  }

  add(chunk: Buffer): void {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes >= UNIT_BYTES)
      this.#persist(this.#pendingBytes - (this.#pendingBytes % UNIT_BYTES))
  }

  /** Forgets the bytes after the last whole unit. */
  dropPending(): void {
    this.#pending = []
    this.#pendingBytes = 0
  }

  finish(): Digested {
    this.#persist(this.#pendingBytes)
    return this.#intake.finish()
  }

  /** The bytes may go: the session ended. */
  release(): void {
    this.dropPending()
    this.#intake = new Intake()
  }

  #persist(bytes: number): void {
    let left = bytes
    while (left > 0) {
      const chunk = this.#pending.shift()
      if (!chunk) return
      this.#intake.add(chunk.subarray(0, left))
      if (chunk.length > left) this.#pending.unshift(chunk.subarray(left))
      left -= Math.min(chunk.length, left)
    }
    this.#pendingBytes -= bytes
  }
}
