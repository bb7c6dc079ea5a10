// What callers may hand to `put`, in one shape. Bytes and Blobs can be read again after a failure, a bare
// stream cannot. A Blob's slices are read as they are sent, so a file of any size is never held whole.

import type { Content } from './contract.ts'

export type Body = Uint8Array | string | Blob | ReadableStream<Uint8Array>

export interface Source {
  /** Absent when only the end of the stream will tell. */
  size: number | undefined
  /** It can be opened more than once. */
  repeatable: boolean
  open(): Content
  /** The whole of it as a stream. */
  stream(): ReadableStream<Uint8Array>
  /** Opens a range of it, where it is repeatable. */
  slice(first: number, end: number): Content
}

export function toSource(body: Body, size?: number): Source {
  if (typeof body === 'string') return bytesSource(new TextEncoder().encode(body))
  if (body instanceof Uint8Array) return bytesSource(body)
  if (body instanceof Blob) return blobSource(body)
  return {
    size,
    repeatable: false,
    open: () => (size === undefined ? { stream: body } : { stream: body, size }),
    stream: () => body,
    slice: () => {
      throw new TypeError('a stream has no slices')
    },
  }
}

function bytesSource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    repeatable: true,
    open: () => ({ bytes }),
    stream: () => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(),
    slice: (first, end) => ({ bytes: bytes.subarray(first, end) }),
  }
}

function blobSource(blob: Blob): Source {
  return {
    size: blob.size,
    repeatable: true,
    open: () => ({ stream: blob.stream(), size: blob.size }),
    stream: () => blob.stream(),
    slice: (first, end) => ({ stream: blob.slice(first, end).stream(), size: end - first }),
  }
}

/** The stream in chunks of exactly `size` bytes, the last one shorter; an empty stream gives one empty chunk. */
export async function* chunks(
  stream: ReadableStream<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let held = 0
  let given = false
  for await (let chunk of stream) {
    while (held + chunk.length >= size) {
      const take = size - held
      parts.push(chunk.subarray(0, take))
      yield concat(parts, size)
      given = true
      parts = []
      held = 0
      chunk = chunk.subarray(take)
    }
    if (chunk.length > 0) {
      parts.push(chunk)
      held += chunk.length
    }
  }
  if (held > 0 || !given) yield concat(parts, held)
}

export function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1 && parts[0]!.length === length) return parts[0]!
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
