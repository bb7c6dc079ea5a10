/**
 * An object's bytes, kept as the chunks in which they arrived, and their digests,
 * computed while they arrive. Nothing here concatenates: bodies may be hundreds of MB.
 */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { updateCrc32c } from './crc32c.ts'

export interface Content {
  readonly chunks: readonly Buffer[]
  readonly size: number
}

export interface Digested {
  readonly content: Content
  readonly crc32c: number
  /** Absent for composed and multipart objects, as in Cloud Storage. */
  readonly md5: string | undefined
}

/** Takes bytes in and digests them as they come. */
export class Intake {
  readonly #chunks: Buffer[] = []
  readonly #md5: Hash = createHash('md5')
  #crc32c = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#md5.update(chunk)
    this.#crc32c = updateCrc32c(this.#crc32c, chunk)
    this.#size += chunk.length
  }

  finish(): Digested {
    const md5 = this.#md5.copy().digest('base64')
    return {
      content: { chunks: [...this.#chunks], size: this.#size },
      crc32c: this.#crc32c,
      md5,
    }
  }
}

export function contentOf(bytes: Uint8Array | string): Digested {
  const intake = new Intake()
  intake.add(Buffer.from(bytes))
  return intake.finish()
}

export function concatenate(contents: readonly Content[]): Content {
  return {
    chunks: contents.flatMap((content) => content.chunks),
    size: contents.reduce((sum, content) => sum + content.size, 0),
  }
}

/** The bytes from `start` up to, not including, `end`. */
export function* sliceContent(content: Content, start: number, end: number): Generator<Buffer> {
  let at = 0
  for (const chunk of content.chunks) {
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, chunk.length)
    if (from < to) yield chunk.subarray(from, to)
    at += chunk.length
    if (at >= end) return
  }
}

/** A copy with one bit of one byte turned over. */
export function flipByte(content: Content, position: number): Content {
  let at = 0
  const chunks = content.chunks.map((chunk) => {
    const index = position - at
    at += chunk.length
    if (index < 0 || index >= chunk.length) return chunk
    const copy = Buffer.from(chunk)
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
    return copy
  })
  return { chunks, size: content.size }
}
