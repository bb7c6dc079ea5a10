// What the store of known content keeps: of large objects their size and what they are called by, and of uploads how
// long each part was. Small ones, such as records, it has in whole.

import type { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { contentMd5 } from './known-content.ts'

export interface HeldObject {
  size: number
  etag: string
  generation: number
  modified: Date
  /** Content type and metadata, as they were sent. */
  headers: Record<string, string>
  /** Absent: the known content. */
  bytes?: Buffer | undefined
}

export interface Upload {
  headers: Record<string, string>
  partBytes: number
  /** Sizes by part number. */
  parts: Map<number, number>
}

/** By `bucket/key`. */
export const objects = new Map<string, HeldObject>()
export const uploads = new Map<string, Upload>()

let lastGeneration = 1_700_000_000_000_000

export function hold(
  key: string,
  held: Pick<HeldObject, 'size' | 'headers' | 'etag' | 'bytes'>,
): HeldObject {
  const object = { ...held, generation: ++lastGeneration, modified: new Date() }
  objects.set(key, object)
  return object
}

/** One that came in parts long ago. */
export function holdKnown(key: string, size: number): void {
  const headers = { 'content-type': 'application/octet-stream' }
  hold(key, { size, headers, etag: `${createHash('md5').update(key).digest('hex')}-2` })
}

/** As S3 makes it of the parts' own. */
export function etagOf(parts: ReadonlyMap<number, number>, partBytes: number): string {
  const hash = createHash('md5')
  const numbers = [...parts.keys()].toSorted((a, b) => a - b)
  for (const n of numbers) hash.update(contentMd5((n - 1) * partBytes, parts.get(n)!))
  return `${hash.digest('hex')}-${parts.size}`
}
