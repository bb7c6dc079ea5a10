/**
 * An object as the APIs describe it, and what a client may write of that description.
 * https://cloud.google.com/storage/docs/json_api/v1/objects#resource
 */
import type { JsonObject } from './call.ts'
import { isObject } from './call.ts'
import { encodeCrc32c } from './crc32c.ts'
import { invalid } from './errors.ts'
import type { ObjectAttributes, ObjectVersion } from './state.ts'

const STORAGE_CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']
const MAX_METADATA_BYTES = 8 * 1024
const TEXT_FIELDS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const
const FLAGS = ['temporaryHold', 'eventBasedHold'] as const

export function checkObjectName(name: string): void {
  const bytes = Buffer.byteLength(name)
  const forbidden =
    /[\r\n]/.test(name) ||
    name === '.' ||
    name === '..' ||
    !name.isWellFormed() ||
    name.startsWith('.well-known/acme-challenge/')
  if (bytes < 1 || bytes > 1024 || forbidden) {
    throw invalid(
      'The object name is not valid: 1 to 1024 bytes without CR or LF.',
      'InvalidObjectName',
    )
  }
}

export function checkStorageClass(value: unknown): string {
  if (typeof value === 'string' && STORAGE_CLASSES.includes(value)) return value
  throw invalid(`Invalid storage class: ${String(value)}`, 'InvalidStorageClass')
}

export function objectResource(version: ObjectVersion, origin: string): JsonObject {
  const bucket = encodeURIComponent(version.bucket)
  const path = `b/${bucket}/o/${encodeURIComponent(version.name)}`
  const generation = String(version.generation)
  return {
    kind: 'storage#object',
    id: `${version.bucket}/${version.name}/${generation}`,
    selfLink: `${origin}/storage/v1/${path}`,
    mediaLink: `${origin}/download/storage/v1/${path}?generation=${generation}&alt=media`,
    name: version.name,
    bucket: version.bucket,
    generation,
    metageneration: String(version.metageneration),
    storageClass: version.storageClass,
    size: String(version.content.size),
    ...(version.md5 === undefined ? {} : { md5Hash: version.md5 }),
    crc32c: encodeCrc32c(version.crc32c),
    etag: jsonEtag(version),
    ...(version.componentCount === undefined ? {} : { componentCount: version.componentCount }),
    ...times(version),
    ...version.attributes,
  }
}

function times(version: ObjectVersion): JsonObject {
  const created = new Date(version.createdAtMs).toISOString()
  return {
    timeCreated: created,
    updated: new Date(version.updatedAtMs).toISOString(),
    timeStorageClassUpdated: created,
    timeFinalized: created,
    ...(version.deletedAtMs === undefined
      ? {}
      : { timeDeleted: new Date(version.deletedAtMs).toISOString() }),
  }
}

/** Changes with the generation and the metageneration, and is no digest. */
export function jsonEtag(version: ObjectVersion): string {
  const bytes = Buffer.alloc(10)
  bytes.writeBigUInt64BE(BigInt(version.generation))
  bytes.writeUInt16BE(version.metageneration % 65536, 8)
  return bytes.toString('base64')
}

/** The XML API's ETag is the MD5 where there is one. */
export function xmlEtag(version: ObjectVersion): string {
  if (version.md5 === undefined) return `"-${jsonEtag(version)}"`
  return `"${Buffer.from(version.md5, 'base64').toString('hex')}"`
}

/** The writable fields of an object's resource, checked; unknown fields are ignored. */
export function readAttributes(resource: JsonObject): ObjectAttributes {
  const attributes: ObjectAttributes = {}
  for (const field of TEXT_FIELDS) {
    const value = resource[field]
    if (value === undefined || value === null || value === '') continue
    if (typeof value !== 'string')
      throw invalid(`Invalid value for ${field}: a string is expected.`)
    attributes[field] = value
  }
  for (const flag of FLAGS) {
    const value = resource[flag]
    if (value === undefined || value === null) continue
    if (typeof value !== 'boolean')
      throw invalid(`Invalid value for ${flag}: a boolean is expected.`)
    attributes[flag] = value
  }
  return { ...attributes, ...readTimes(resource), ...readMetadata(resource['metadata']) }
}

function readTimes(resource: JsonObject): ObjectAttributes {
  const attributes: ObjectAttributes = {}
  const { customTime, retention } = resource
  if (customTime !== undefined && customTime !== null) {
    attributes.customTime = readTime('customTime', customTime)
  }
  if (isObject(retention) && retention['mode'] !== undefined) {
    const { mode } = retention
    if (mode !== 'Unlocked' && mode !== 'Locked') throw invalid('Invalid value for retention.mode.')
    const retainUntilTime = readTime('retention.retainUntilTime', retention['retainUntilTime'])
    attributes.retention = { mode, retainUntilTime }
  }
  return attributes
}

function readTime(name: string, value: unknown): string {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) throw invalid(`Invalid value for ${name}: an RFC 3339 time is expected.`)
  return new Date(time).toISOString()
}

export function readMetadata(value: unknown): ObjectAttributes {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw invalid('Invalid value for metadata: an object is expected.')
  const metadata: Record<string, string> = {}
  let bytes = 0
  for (const [name, text] of Object.entries(value)) {
    if (text === null) continue
    if (typeof text !== 'string') throw invalid(`Invalid value for metadata.${name}: not a string.`)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
    metadata[name] = text
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw invalid(
      'The total size of metadata keys and values exceeds 8192 bytes.',
      'MetadataTooLarge',
    )
  }
  return Object.keys(metadata).length > 0 ? { metadata } : {}
}
