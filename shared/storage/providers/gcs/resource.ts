// An object as the JSON API describes it, and as the contract does.
// https://cloud.google.com/storage/docs/json_api/v1/objects#resource
//
// `etag` and `version` are both the generation: it changes whenever content is written, it is what
// conditions take, and it can be read by name; on a bucket without versioning only while it is the latest.

import type {
  Checksum,
  ListedObject,
  ObjectInfo,
  ObjectProperties,
  ObjectVersion,
} from '../../contract.ts'
import { decodeMetadataValue, encodeMetadataValue } from '../../metadata.ts'

export interface ObjectResource {
  name: string
  generation: string
  size: string
  updated: string
  timeDeleted?: string
  storageClass?: string
  crc32c?: string
  md5Hash?: string
  contentType?: string
  contentEncoding?: string
  contentDisposition?: string
  contentLanguage?: string
  cacheControl?: string
  customTime?: string
  metadata?: Record<string, string>
  retention?: { mode: 'Locked' | 'Unlocked'; retainUntilTime: string }
  temporaryHold?: boolean
  eventBasedHold?: boolean
}

/** What a listing needs of each object. */
export const LISTED_FIELDS = 'name,generation,size,updated,timeDeleted,storageClass,crc32c,md5Hash'

export function toListed(resource: ObjectResource): ListedObject {
  return {
    key: resource.name,
    size: Number(resource.size),
    etag: resource.generation,
    version: resource.generation,
    modified: new Date(resource.updated),
    storageClass: resource.storageClass,
    checksums: checksumsOf(resource),
  }
}

export function toInfo(resource: ObjectResource): ObjectInfo {
  return {
    ...toListed(resource),
    checksums: checksumsOf(resource),
    contentType: resource.contentType,
    contentEncoding: resource.contentEncoding,
    contentDisposition: resource.contentDisposition,
    contentLanguage: resource.contentLanguage,
    cacheControl: resource.cacheControl,
    metadata: mapValues(resource.metadata ?? {}, decodeMetadataValue),
  }
}

export function toVersion(resource: ObjectResource): ObjectVersion {
  const latest = resource.timeDeleted === undefined
  return { ...toListed(resource), version: resource.generation, latest, deleted: false }
}

/** Composed objects and those sent in parts have no MD5. */
function checksumsOf({ crc32c, md5Hash }: ObjectResource): ObjectInfo['checksums'] {
  return { ...(crc32c && { crc32c }), ...(md5Hash && { md5: md5Hash }) }
}

/** Properties as a write takes them; JSON holds any text, and only what would look encoded is encoded. */
export function fromProperties(
  properties: ObjectProperties = {},
  checksum?: Checksum,
): Record<string, unknown> {
  const { contentType, contentEncoding, contentDisposition, contentLanguage } = properties
  const { cacheControl, metadata = {}, storageClass } = properties
  return {
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    ...{ storageClass, metadata: mapValues(metadata, encodeWhereAmbiguous) },
    ...(checksum && { [checksum.algorithm === 'md5' ? 'md5Hash' : 'crc32c']: checksum.value }),
  }
}

/** All that travels with an object to its copy, as it stands there. */
export function travelling(resource: ObjectResource): Record<string, unknown> {
  const { contentType, contentEncoding, contentDisposition, contentLanguage } = resource
  const { cacheControl, metadata, customTime, storageClass } = resource
  return {
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    ...{ metadata, customTime, storageClass },
  }
}

function encodeWhereAmbiguous(value: string): string {
  return value.includes('=?') ? encodeMetadataValue(value) : value
}

function mapValues(
  record: Record<string, string>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
