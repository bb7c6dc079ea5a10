// Writing one object. With a length it is one PUT to the XML API. A stream of unknown length goes through a
// resumable session in pieces: the object comes to be with the last one, which is sent only when the stream
// has ended well, where a chunked PUT cut short could pass for a whole one.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import { chunks } from '../../body.ts'
import type { Content, ObjectInfo, PutOptions } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { infoFromHeaders } from './answer-headers.ts'
import { generationToMatch, hashHeader, propertyHeaders } from './headers.ts'
import type { ObjectResource } from './resource.ts'
import { fromProperties, toInfo } from './resource.ts'
import type { Transport } from './transport.ts'

/** Pieces of a session are multiples of 256 KiB; Google advises 8 MiB at least. */
const PIECE_BYTES = 8 * 1024 * 1024
/** More is wanted: https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload */
const RESUME_INCOMPLETE = 308

export async function putObject(
  transport: Transport,
  key: string,
  content: Content,
  options: PutOptions,
): Promise<ObjectInfo> {
  if ('stream' in content && content.size === undefined) {
    return putStream(transport, key, content.stream, options)
  }
  const generation = generationToMatch(options.mode, transport.settings.name, key)
  const headers = await transport.headers({
    method: 'PUT',
    path: transport.xmlPath(key),
    headers: {
      ...propertyHeaders(options),
      ...hashHeader(options.checksum),
      ...(generation !== undefined && { 'x-goog-if-generation-match': generation }),
    },
    body: content,
    key,
    creates: generation === '0',
    signal: options.signal,
  })
  const size = 'bytes' in content ? content.bytes.length : (content.size ?? 0)
  return { ...infoFromHeaders(transport.settings.name, key, headers), size }
}

async function putStream(
  transport: Transport,
  key: string,
  stream: ReadableStream<Uint8Array>,
  options: PutOptions,
): Promise<ObjectInfo> {
  let session: Session | undefined
  for await (const bytes of chunks(stream, PIECE_BYTES)) {
    const isLast = bytes.length < PIECE_BYTES
    if (!session && isLast) return putObject(transport, key, { bytes }, options)
    session ??= await beginSession(transport, key, options)
    const written = await session.send(bytes, isLast)
    if (written) return written
  }
  const written = await session?.send(new Uint8Array(), true)
  if (written) return written
  throw new TypeError('a stream gives one piece at least')
}

interface Session {
  /** The object, once the last piece is in. */
  send(bytes: Uint8Array, isLast: boolean): Promise<ObjectInfo | undefined>
}

async function beginSession(
  transport: Transport,
  key: string,
  options: PutOptions,
): Promise<Session> {
  const { settings } = transport
  const generation = generationToMatch(options.mode, settings.name, key)
  const { signal, contentType } = options
  const begun = await transport.headers({
    method: 'POST',
    path: `/upload/storage/v1/b/${settings.bucket}/o`,
    query: { uploadType: 'resumable', name: key, ifGenerationMatch: generation },
    headers: contentType === undefined ? {} : { 'x-upload-content-type': contentType },
    json: fromProperties(options, options.checksum),
    key,
    creates: generation === '0',
    signal,
  })
  const path = begun.get('location') ?? ''
  let sent = 0
  return {
    async send(bytes, isLast) {
      const end = sent + bytes.length
      for (;;) {
        const rest = bytes.subarray(bytes.length - (end - sent))
        const span = rest.length === 0 ? '*' : `${sent}-${end - 1}`
        const { status, headers, text } = await transport.send({
          method: 'PUT',
          path,
          headers: { 'content-range': `bytes ${span}/${isLast ? end : '*'}` },
          body: { bytes: rest },
          key,
          creates: generation === '0',
          accept: [RESUME_INCOMPLETE],
          signal,
        })
        if (status !== RESUME_INCOMPLETE) return toInfo(JSON.parse(text) as ObjectResource)
        // It may have kept only the beginning of what it was sent.
        const kept = keptBytes(headers)
        if (kept <= sent || kept > end) throw stuck(settings.name, key)
        sent = kept
        if (sent === end && !isLast) return undefined
      }
    },
  }
}

/** `bytes=0-262143`; no header when there is nothing yet. */
function keptBytes(headers: AnswerHeaders): number {
  const last = /^bytes=0-(\d+)$/.exec(headers.get('range') ?? '')?.[1]
  return last === undefined ? 0 : Number(last) + 1
}

function stuck(store: string, key: string): StorageError {
  const message = `${store} kept nothing of a piece of ${quoteKey(key)} that it was sent; try again.`
  return new StorageError('unavailable', message, { store, key })
}
