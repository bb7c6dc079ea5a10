// Object properties and conditions as headers of the XML API, where signed requests and multipart uploads
// carry them. https://cloud.google.com/storage/docs/xml-api/reference-headers

import type { Checksum, ObjectProperties, PutMode } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { encodeMetadataValue } from '../../metadata.ts'

export function propertyHeaders(properties: ObjectProperties): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, header] of CONTENT_HEADERS) {
    const value = properties[name]
    if (value !== undefined) headers[header] = value
  }
  for (const [name, value] of Object.entries(properties.metadata ?? {})) {
    headers[`x-goog-meta-${name}`] = encodeMetadataValue(value)
  }
  if (properties.storageClass !== undefined) {
    headers['x-goog-storage-class'] = properties.storageClass
  }
  return headers
}

export const CONTENT_HEADERS = [
  ['contentType', 'content-type'],
  ['contentEncoding', 'content-encoding'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['cacheControl', 'cache-control'],
] as const

/** Cloud Storage checks it and refuses other bytes: https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash */
export function hashHeader(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { 'x-goog-hash': `${checksum.algorithm}=${checksum.value}` } : {}
}

/** The generation that must be there, `0` for none; undefined when anything may. */
export function generationToMatch(
  mode: PutMode | undefined,
  store: string,
  key: string,
): string | undefined {
  if (mode === undefined || mode === 'overwrite') return undefined
  return mode === 'create' ? '0' : checkGeneration(mode.ifMatch, store, key)
}

/** On this wire an etag of the contract is a generation; another store's cannot match anything. */
export function checkGeneration(etag: string, store: string, key: string): string {
  if (/^[1-9]\d{0,18}$/.test(etag)) return etag
  throw new StorageError(
    'precondition',
    `${store} names content by its generation, and ${JSON.stringify(etag)} is none; use the etag that this store gave.`,
    { store, key },
  )
}
