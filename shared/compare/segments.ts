// One segment of pair records: a gzipped object of sorted lines, written and read as a stream.

import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesOfStream } from '#shared/wire/whole-stream.ts'
import type { PairRecord } from './pair.ts'
import { createLineReader, createLineWriter } from './pair-lines.ts'

export interface SegmentWriter {
  /** Characters so far. */
  readonly length: number
  add(record: PairRecord): Promise<void>
  /** Writes the object. */
  end(): Promise<void>
}

const CHUNK_CHARACTERS = 2 ** 16

/** `name` is relative to `.skein/`. Holds what is compressed so far. */
export function startSegment(store: Store, name: string): SegmentWriter {
  const gzip = new CompressionStream('gzip')
  const compressed = bytesOfStream(gzip.readable)
  // Its failure is the writer's too, which tells it.
  compressed.catch(() => undefined)
  const writer = gzip.writable.getWriter()
  const encoder = new TextEncoder()
  const toLine = createLineWriter()
  let text = ''
  let length = 0
  const flush = async () => {
    const bytes = encoder.encode(text)
    text = ''
    await writer.write(bytes)
  }
  return {
    get length() {
      return length
    },
    async add(record) {
      const line = toLine(record)
      text += line
      length += line.length
      if (text.length >= CHUNK_CHARACTERS) await flush()
    },
    async end() {
      await flush()
      await writer.close()
      const bytes = await compressed
      await store.put(RESERVED_PREFIX + name, bytes, { contentType: 'application/gzip' })
    },
  }
}

export async function* readSegment(
  store: Store,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<PairRecord[]> {
  const { body } = await store.get(RESERVED_PREFIX + name, { signal })
  const toRecord = createLineReader()
  let rest = ''
  const text = body
    .pipeThrough<Uint8Array>(gunzip())
    .pipeThrough<string>(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (lines.length > 0) yield lines.map(toRecord)
  }
}

/** The platform's types ask for more than any byte array is. */
function gunzip(): TransformStream<Uint8Array, Uint8Array> {
  return new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>
}
