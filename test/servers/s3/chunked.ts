// The aws-chunked coding: sizes, chunk signatures and trailers between the bytes of a body. Decodes as the
// bytes arrive, verifies each chunk's signature at its end, and leaves the trailers when done.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html

import { createHash } from 'node:crypto'
import { refuse } from './errors.ts'
import { chunkSignature, equalSignatures, sha256, trailerSignature } from './signature.ts'
import type { Chain } from './signature.ts'

const minSignedChunkBytes = 8192
const maxLineBytes = 16_384

export type ChunkedBody = {
  bytes: AsyncIterable<Buffer>
  /** Complete once `bytes` has ended. */
  trailers: Map<string, string>
}

export function decodeChunked(
  source: AsyncIterable<Buffer>,
  chain: Chain | undefined,
  withTrailer: boolean,
): ChunkedBody {
  const trailers = new Map<string, string>()
  return { bytes: decode(createReader(source), chain, withTrailer, trailers), trailers }
}

async function* decode(
  reader: Reader,
  chain: Chain | undefined,
  withTrailer: boolean,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  let previous = chain?.seed ?? ''
  let wasShort = false
  for (;;) {
    const { size, signature } = parseHead(await reader.line(), chain !== undefined)
    if (chain && wasShort && size > 0) throw refuse('InvalidChunkSizeError')
    const hash = createHash('sha256')
    for await (const piece of reader.take(size)) {
      if (chain) hash.update(piece)
      yield piece
    }
    if (chain) {
      requireSignature(chunkSignature(chain, previous, hash.digest('hex')), signature)
      previous = signature
    }
    if (size === 0) break
    await requireLineEnd(reader)
    wasShort = size < minSignedChunkBytes
  }
  await readTrailers(reader, trailers, withTrailer)
  if (withTrailer) verifyTrailers(trailers, chain, previous)
}

function parseHead(line: string, signed: boolean): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (!match || (signed && match[2] === undefined)) {
    throw refuse('InvalidRequest', 'The chunk header of the aws-chunked body is malformed.')
  }
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] ?? '' }
}

async function requireLineEnd(reader: Reader): Promise<void> {
  if ((await reader.line()) !== '') {
    throw refuse(
      'InvalidRequest',
      'A chunk of the aws-chunked body is longer than its header says.',
    )
  }
}

async function readTrailers(
  reader: Reader,
  trailers: Map<string, string>,
  expected: boolean,
): Promise<void> {
  for (let line = await reader.lineOrEnd(); line; line = await reader.lineOrEnd()) {
    const at = line.indexOf(':')
    if (at < 1 || !expected) throw refuse('MalformedTrailerError')
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim())
  }
}

function verifyTrailers(
  trailers: Map<string, string>,
  chain: Chain | undefined,
  previous: string,
): void {
  const signature = trailers.get('x-amz-trailer-signature')
  trailers.delete('x-amz-trailer-signature')
  if (!chain) return
  if (signature === undefined) throw refuse('MalformedTrailerError')
  const canonical = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
  requireSignature(trailerSignature(chain, previous, sha256(canonical)), signature)
}

function requireSignature(expected: string, given: string): void {
  if (!equalSignatures(expected, given)) throw refuse('SignatureDoesNotMatch')
}

type Reader = {
  line(): Promise<string>
  /** Undefined where the body ended instead. */
  lineOrEnd(): Promise<string | undefined>
  take(size: number): AsyncGenerator<Buffer>
}

function createReader(source: AsyncIterable<Buffer>): Reader {
  const iterator = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)

  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done) return false
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value])
    return true
  }

  const lineOrEnd = async (): Promise<string | undefined> => {
    let end = held.indexOf('\n')
    while (end < 0) {
      if (held.length > maxLineBytes) throw refuse('InvalidRequest', 'A line is too long.')
      if (!(await more())) return held.length === 0 ? undefined : refuseIncomplete()
      end = held.indexOf('\n')
    }
    const line = held.subarray(0, end).toString('latin1').replace(/\r$/, '')
    held = held.subarray(end + 1)
    return line
  }

  return {
    lineOrEnd,
    line: async () => (await lineOrEnd()) ?? refuseIncomplete(),
    async *take(size) {
      for (let left = size; left > 0;) {
        if (held.length === 0 && !(await more())) refuseIncomplete()
        const piece = held.subarray(0, left)
        held = held.subarray(piece.length)
        left -= piece.length
        yield piece
      }
    },
  }
}

function refuseIncomplete(): never {
  throw refuse('IncompleteBody')
}
