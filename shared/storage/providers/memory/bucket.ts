// What a memory holds: every version of every key, the unfinished uploads, and the keys in their order.
// Bytes are copied on their way in and out, so nobody else's array is ever part of it. A named memory is
// shared within the process, as a bucket would be.

import { randomBytes } from 'node:crypto'
import type { ChecksumAlgorithm, ContentHeaders, Part, Retention } from '../../contract.ts'
import type { ObjectProperties } from '../../contract.ts'
import { compareUtf8 } from '../../keys.ts'
import type { Place } from '../folding.ts'
import { firstIndex, isBefore } from '../folding.ts'

export interface Version extends ContentHeaders {
  key: string
  version: string
  /** Absent in a delete marker. */
  bytes: Uint8Array | undefined
  etag: string
  modified: Date
  checksums: Partial<Record<ChecksumAlgorithm, string>>
  metadata: Record<string, string>
  tags: Record<string, string>
  storageClass: string
  /** An archived object reads until then. */
  restoredUntil: number
  retention: Retention | undefined
  hold: boolean
}

export interface Upload {
  key: string
  uploadId: string
  begun: Date
  properties: ObjectProperties
  parts: Map<number, { part: Part; bytes: Uint8Array }>
}

const bucketsByName = new Map<string, Bucket>()

export function openBucket(name: string): Bucket {
  let bucket = bucketsByName.get(name)
  if (!bucket) {
    bucket = new Bucket()
    bucketsByName.set(name, bucket)
  }
  return bucket
}

export class Bucket {
  readonly uploads = new Map<string, Upload>()
  /** Oldest first; never an empty list. */
  readonly #versionsByKey = new Map<string, Version[]>()
  readonly #nonce = randomBytes(6).toString('hex')
  #order: string[] | undefined
  #count = 0

  /** A name that no other version, ETag or upload of this memory ever has. */
  nextName(): string {
    this.#count += 1
    return `${this.#nonce}-${this.#count.toString().padStart(9, '0')}`
  }

  versions(key: string): readonly Version[] {
    return this.#versionsByKey.get(key) ?? []
  }

  /** The version that the key reads as, or undefined where there is none or it is deleted. */
  current(key: string): Version | undefined {
    const latest = this.#versionsByKey.get(key)?.at(-1)
    return latest?.bytes === undefined ? undefined : latest
  }

  add(version: Version): void {
    const known = this.#versionsByKey.get(version.key)
    if (known) {
      known.push(version)
      return
    }
    this.#versionsByKey.set(version.key, [version])
    const last = this.#order?.at(-1)
    if (last !== undefined && compareUtf8(last, version.key) < 0) this.#order?.push(version.key)
    else this.#order = undefined
  }

  remove(version: Version): void {
    const rest = this.versions(version.key).filter((other) => other !== version)
    if (rest.length > 0) {
      this.#versionsByKey.set(version.key, rest)
      return
    }
    this.#versionsByKey.delete(version.key)
    this.#order = undefined
  }

  /** Keys in UTF-8 order, delete markers' among them. */
  *keysFrom(place: Place): Generator<string> {
    const order = (this.#order ??= [...this.#versionsByKey.keys()].toSorted(compareUtf8))
    const isInFront = (key: string) => isBefore(key, place) || compareUtf8(key, place.prefix) < 0
    for (let at = firstIndex(order, isInFront); at < order.length; at++) {
      const key = order[at]!
      if (!key.startsWith(place.prefix)) return
      yield key
    }
  }
}
