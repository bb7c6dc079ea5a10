// What is under the signature of a folder's URL: the method, the store, every parameter and every header
// that was asked for, and nothing that two readings could tell apart differently. The headers' names are a
// parameter, so that whoever verifies knows which to look at.

import { createHmac } from 'node:crypto'
import type { ChecksumAlgorithm, ContentHeaders } from '../../contract.ts'

export const FOLDER_PATH = '/files/'
export const META_PREFIX = 'x-skein-meta-'
export const CHECKSUM_PREFIX = 'x-skein-checksum-'
export const TAGS_HEADER = 'x-skein-tags'

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'md5',
  'crc32',
  'crc32c',
  'crc64nvme',
  'sha1',
  'sha256',
]

type ContentHeader = keyof ContentHeaders

export const CONTENT_HEADERS: readonly (readonly [ContentHeader, string])[] = [
  ['contentType', 'content-type'],
  ['contentEncoding', 'content-encoding'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['cacheControl', 'cache-control'],
]

/** Every parameter there is, in the order in which they are signed; `signature` comes last and is not. */
export const PARAMETERS = [
  'key',
  'method',
  'expires',
  'headers',
  'upload',
  'part',
  ...CONTENT_HEADERS.map(([, header]) => `response-${header}`),
] as const

export type Parameters = Readonly<Record<string, string | undefined>>

/** The query that is signed; nothing in it but letters, digits and escapes. */
export function toQuery(parameters: Parameters): string {
  return PARAMETERS.filter((name) => parameters[name] !== undefined)
    .map((name) => `${name}=${escape(parameters[name] ?? '')}`)
    .join('&')
}

/** What `encodeURIComponent` leaves alone, URL parsers may still change. */
export function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** `headers` in the order of the parameter that names them. */
export function signature(
  secret: string,
  store: string,
  parameters: Parameters,
  headers: readonly (readonly [string, string])[],
): string {
  const lines = headers.map(([name, value]) => `${name}:${value}`)
  // The first line keeps what else the same secret signs apart from this.
  const text = ['skein-file-url-v1', escape(store), toQuery(parameters), ...lines].join('\n')
  return createHmac('sha256', secret).update(text).digest('hex')
}
