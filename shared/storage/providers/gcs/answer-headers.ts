// An object as the headers of the XML API's answers describe it: those of a GET tell all of it, those of a
// write what was made. https://cloud.google.com/storage/docs/xml-api/reference-headers

import { Buffer } from 'node:buffer'
import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Checksum, ObjectInfo } from '../../contract.ts'
import { decodeMetadataValue } from '../../metadata.ts'
import { strangeAnswer } from '../refusals.ts'
import { CONTENT_HEADERS } from './headers.ts'

/** What Cloud Storage says of a private object that has no cache control of its own. */
const DEFAULT_CACHE_CONTROL = 'private, max-age=0'
const META = 'x-goog-meta-'

/** Every object has a generation: what tells none comes from somebody else. */
export function infoFromHeaders(store: string, key: string, headers: AnswerHeaders): ObjectInfo {
  const generation = headers.get('x-goog-generation')
  if (generation === null) throw strangeAnswer(store, key)
  return {
    key,
    size: Number(headers.get('x-goog-stored-content-length') ?? 0),
    etag: generation,
    version: generation,
    modified: new Date(headers.get('last-modified') ?? headers.get('date') ?? 0),
    storageClass: headers.get('x-goog-storage-class') ?? undefined,
    checksums: checksumsFromHeaders(headers),
    ...contentHeaders(headers),
    metadata: metadataFromHeaders(headers),
  }
}

/** `crc32c=n03x6A==, md5=Ojk9c3dhfxgoKVVHYwFbHQ==`, in one line or in several. */
export function checksumsFromHeaders(headers: AnswerHeaders): ObjectInfo['checksums'] {
  const checksums: ObjectInfo['checksums'] = {}
  for (const part of headers.get('x-goog-hash')?.split(',') ?? []) {
    const equals = part.indexOf('=')
    const algorithm = part.slice(0, equals).trim()
    if (algorithm === 'crc32c' || algorithm === 'md5') checksums[algorithm] = part.slice(equals + 1)
  }
  return checksums
}

export function crc32cFromHeaders(headers: AnswerHeaders): Checksum | undefined {
  const value = checksumsFromHeaders(headers).crc32c
  return value === undefined ? undefined : { algorithm: 'crc32c', value }
}

function contentHeaders(headers: AnswerHeaders): Partial<ObjectInfo> {
  const found = CONTENT_HEADERS.flatMap(([name, header]) => {
    const value = headers.get(header)
    const stored = value !== null && !(name === 'cacheControl' && value === DEFAULT_CACHE_CONTROL)
    return stored ? [[name, headerText(value)]] : []
  })
  return Object.fromEntries(found)
}

function metadataFromHeaders(headers: AnswerHeaders): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (!name.startsWith(META)) continue
    metadata[name.slice(META.length)] = decodeMetadataValue(headerText(value))
  }
  return metadata
}

/** Header bytes that are UTF-8 come as Latin-1 where a client does not look closer. */
function headerText(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(value) || /[^\x00-\xff]/.test(value)) return value
  const decoded = Buffer.from(value, 'latin1').toString('utf8')
  return decoded.includes('\ufffd') ? value : decoded
}
