// Stored bytes: the chunks as they came off the socket, never joined. Slicing shares memory, so a range
// of a large object costs nothing but the walk to its first chunk.

import { createHash } from 'node:crypto'

export type Content = { readonly chunks: readonly Buffer[]; readonly size: number }

export const emptyContent: Content = { chunks: [], size: 0 }

export function contentOf(chunks: readonly Buffer[]): Content {
  return { chunks, size: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

export function joinContents(contents: readonly Content[]): Content {
  return {
    chunks: contents.flatMap((content) => content.chunks),
    size: contents.reduce((sum, content) => sum + content.size, 0),
  }
}

/** The bytes from `start` up to, not including, `end`. */
export function sliceContent(content: Content, start: number, end: number): Content {
  const chunks: Buffer[] = []
  let at = 0
  for (const chunk of content.chunks) {
    if (at >= end) break
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, chunk.length)
    if (from < to) chunks.push(chunk.subarray(from, to))
    at += chunk.length
  }
  return { chunks, size: Math.max(0, Math.min(end, content.size) - start) }
}

/** A copy with one byte inverted; the original, which other versions may share, stays as it is. */
export function flipByte(content: Content, at: number): Content {
  const flipped = Buffer.from([...sliceContent(content, at, at + 1).chunks].flatMap((c) => [...c]))
  const [byte] = flipped
  if (byte === undefined) throw new RangeError(`There is no byte ${at} in ${content.size} bytes.`)
  flipped[0] = byte ^ 0xff
  const before = sliceContent(content, 0, at)
  const after = sliceContent(content, at + 1, content.size)
  return joinContents([before, contentOf([flipped]), after])
}

export function textOfContent(content: Content): string {
  return Buffer.concat(content.chunks).toString('utf8')
}

export function md5OfContent(content: Content): string {
  const hash = createHash('md5')
  for (const chunk of content.chunks) hash.update(chunk)
  return hash.digest('hex')
}
