/**
 * An object's bytes as an answer: ranges, decompressive transcoding and the headers that
 * describe what is stored.
 * https://cloud.google.com/storage/docs/transcoding
 */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Answer, Call, HeaderValue } from './call.ts'
import { sliceContent } from './content.ts'
import { encodeCrc32c } from './crc32c.ts'
import { GcsError } from './errors.ts'
import { xmlEtag } from './object-resource.ts'
import type { ObjectVersion } from './state.ts'

export function readObject(call: Call, version: ObjectVersion): Answer {
  const headers = describeObject(version)
  if (mustDecompress(call, version)) return decompressed(call, version, headers)
  const { size } = version.content
  const range = parseRange(call.headers['range'], size)
  const whole = { start: 0, end: size }
  const { start, end } = range ?? whole
  const partial = range ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {}
  return {
    status: range ? 206 : 200,
    headers: { ...headers, ...partial, 'accept-ranges': 'bytes', 'content-length': end - start },
    ...(call.method === 'HEAD' ? {} : { body: sliceContent(version.content, start, end) }),
  }
}

/** Bytes stored as gzip are opened for a client that does not take gzip. */
function mustDecompress(call: Call, version: ObjectVersion): boolean {
  const { contentEncoding, cacheControl } = version.attributes
  if (contentEncoding !== 'gzip' || cacheControl?.includes('no-transform')) return false
  return !(call.headers['accept-encoding'] ?? '').includes('gzip')
}

function decompressed(
  call: Call,
  version: ObjectVersion,
  headers: Record<string, HeaderValue>,
): Answer {
  const { 'content-encoding': _opened, ...rest } = headers
  const changed = {
    ...rest,
    etag: `W/${xmlEtag(version)}`,
    warning: '214 UploadServer gunzipped',
    vary: 'Accept-Encoding',
  }
  if (call.method === 'HEAD') return { status: 200, headers: changed }
  const gunzip = createGunzip()
  const stored = Readable.from(version.content.chunks)
  stored.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
  return { status: 200, headers: changed, body: gunzip }
}

export function describeObject(version: ObjectVersion): Record<string, HeaderValue> {
  const { attributes } = version
  return {
    'content-type': attributes.contentType ?? 'application/octet-stream',
    etag: xmlEtag(version),
    'last-modified': new Date(version.updatedAtMs).toUTCString(),
    ...hashHeaders(version),
    'x-goog-generation': String(version.generation),
    'x-goog-metageneration': String(version.metageneration),
    'x-goog-stored-content-encoding': attributes.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(version.content.size),
    'x-goog-storage-class': version.storageClass,
    'cache-control': attributes.cacheControl ?? 'private, max-age=0',
    ...optional('content-encoding', attributes.contentEncoding),
    ...optional('content-disposition', attributes.contentDisposition),
    ...optional('content-language', attributes.contentLanguage),
    ...optional('x-goog-custom-time', attributes.customTime),
    ...optional('x-goog-component-count', version.componentCount?.toString()),
    ...metadataHeaders(attributes.metadata ?? {}),
  }
}

/** One header line for each digest, as Cloud Storage sends them. */
export function hashHeaders(version: {
  crc32c: number
  md5: string | undefined
}): Record<string, readonly string[]> {
  const crc32c = `crc32c=${encodeCrc32c(version.crc32c)}`
  return { 'x-goog-hash': version.md5 ? [crc32c, `md5=${version.md5}`] : [crc32c] }
}

function optional(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: headerText(value) }
}

/** Names that no HTTP header can carry are readable through the JSON API alone. */
function metadataHeaders(metadata: Record<string, string>): Record<string, string> {
  const named = Object.entries(metadata).filter(([name]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name))
  return Object.fromEntries(
    named.map(([name, value]) => [`x-goog-meta-${name.toLowerCase()}`, headerText(value)]),
  )
}

/** Node writes header values as latin-1: this puts UTF-8 bytes on the wire. */
function headerText(value: string): string {
  return Buffer.from(value.replaceAll(/[\r\n\0]/g, ' '), 'utf8').toString('latin1')
}

interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Undefined where the whole is to be sent; a header that is no single range is ignored. */
function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size)
    if (length === 0) throw unsatisfiable(size)
    return { start: size - length, end: size }
  }
  const start = Number(match[1])
  const last = match[2] === '' ? size - 1 : Number(match[2])
  if (last < start && match[2] !== '') return undefined
  if (start >= size) throw unsatisfiable(size)
  return { start, end: Math.min(last + 1, size) }
}

function unsatisfiable(size: number): GcsError {
  return new GcsError({
    status: 416,
    reason: 'requestedRangeNotSatisfiable',
    code: 'InvalidRange',
    message: 'The requested range cannot be satisfied.',
    headers: { 'content-range': `bytes */${size}` },
  })
}
