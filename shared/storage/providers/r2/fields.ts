// Between the contract's fields and those of an R2 binding.

import { Buffer } from 'node:buffer'
import type {
  Checksum,
  ChecksumAlgorithm,
  ListedObject,
  ObjectInfo,
  ObjectProperties,
  PutMode,
} from '../../contract.ts'
import { decodeMetadataValue, encodeMetadataValue } from '../../metadata.ts'
import type {
  R2Conditional,
  R2HttpMetadata,
  R2Object,
  R2Properties,
  R2PutOptions,
} from './binding.ts'

/** The row names classes as R2's S3 wire does; the binding has names of its own. */
const BINDING_CLASSES: Record<string, string> = {
  STANDARD: 'Standard',
  STANDARD_IA: 'InfrequentAccess',
}
const ROW_CLASSES = Object.fromEntries(
  Object.entries(BINDING_CLASSES).map(([row, binding]) => [binding, row]),
)

const HEADERS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const satisfies readonly (keyof R2HttpMetadata)[]

export function toProperties(properties: ObjectProperties): R2Properties {
  const httpMetadata: R2HttpMetadata = {}
  for (const name of HEADERS) {
    const value = properties[name]
    if (value !== undefined) httpMetadata[name] = value
  }
  const { metadata, storageClass } = properties
  return {
    httpMetadata,
    // As the S3 wire stores it, so that both ways into one bucket read the same.
    ...(metadata && { customMetadata: mapValues(metadata, encodeMetadataValue) }),
    ...(storageClass && { storageClass: BINDING_CLASSES[storageClass] ?? storageClass }),
  }
}

export function toCondition(mode: PutMode): R2Conditional | undefined {
  if (mode === 'overwrite') return undefined
  return mode === 'create' ? { etagDoesNotMatch: '*' } : { etagMatches: mode.ifMatch }
}

export function toDigest(
  checksum: Checksum | undefined,
): Pick<R2PutOptions, 'md5' | 'sha1' | 'sha256'> {
  return checksum ? { [checksum.algorithm]: Buffer.from(checksum.value, 'base64') } : {}
}

export function toListed({ key, size, etag, uploaded, ...rest }: R2Object): ListedObject {
  return {
    key,
    size,
    etag,
    modified: uploaded,
    storageClass: rest.storageClass && (ROW_CLASSES[rest.storageClass] ?? rest.storageClass),
    checksums: toChecksums(rest.checksums),
  }
}

export function toInfo(object: R2Object): ObjectInfo {
  const { httpMetadata = {}, customMetadata = {} } = object
  const info: ObjectInfo = {
    ...toListed(object),
    checksums: toChecksums(object.checksums),
    metadata: mapValues(customMetadata, decodeMetadataValue),
  }
  for (const name of HEADERS) {
    const value = httpMetadata[name]
    if (value !== undefined) info[name] = value
  }
  return info
}

const ALGORITHMS = ['md5', 'sha1', 'sha256'] as const satisfies readonly ChecksumAlgorithm[]

function toChecksums(digests: R2Object['checksums']): ObjectInfo['checksums'] {
  return Object.fromEntries(
    ALGORITHMS.flatMap((algorithm) => {
      const digest = digests[algorithm]
      return digest ? [[algorithm, Buffer.from(digest).toString('base64')]] : []
    }),
  )
}

function mapValues(
  record: Record<string, string>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
