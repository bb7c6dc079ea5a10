// Everything the server remembers: buckets, their objects' versions, uploads, and the switches that
// tests set. In memory only; it ends with the server.

import type { Algorithm, Checksum, ChecksumType } from './checksums.ts'
import type { Content } from './content.ts'
import type { Dialect } from './dialect.ts'
import type { KeyIndex } from './key-index.ts'

export type Credential = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  /** Epoch milliseconds from which the session token answers ExpiredToken. */
  expiresAtMs?: number
  /** This user's signatures are right, and everything is refused with AccessDenied. */
  denied?: boolean
}

export type Tag = readonly [key: string, value: string]

export type Lock = {
  mode?: 'GOVERNANCE' | 'COMPLIANCE'
  retainUntilMs?: number
  legalHold?: boolean
}

export type Encryption = { algorithm: 'AES256' | 'aws:kms'; kmsKeyId?: string }

/** What a client says about an object beside its bytes. */
export type Attributes = {
  contentHeaders: Record<string, string>
  metadata: Record<string, string>
  storageClass: string
  tags: readonly Tag[]
  encryption: Encryption
  lock: Lock
}

export type StoredPart = {
  number: number
  etag: string
  content: Content
  modifiedMs: number
  checksum: Checksum | undefined
}

export type Version = Attributes & {
  key: string
  versionId: string
  isMarker: boolean
  modifiedMs: number
  /** Without quotes. */
  etag: string
  content: Content
  checksum: Checksum | undefined
  parts: readonly StoredPart[]
  restore: { readyMs: number; untilMs: number } | undefined
}

export type Upload = {
  uploadId: string
  key: string
  initiatedMs: number
  attributes: Attributes
  /** Undefined: the client named none, and S3 adds CRC64NVME by itself. */
  algorithm: Algorithm | undefined
  checksumType: ChecksumType
  parts: Map<number, StoredPart>
}

/** A finished upload, so that the same Complete sent again gets the same answer. */
export type Completion = { key: string; parts: string; version: Version; finishedMs: number }

export type Versioning = 'Off' | 'Enabled' | 'Suspended'

export type Bucket = {
  name: string
  region: string
  createdMs: number
  dialect: Dialect
  versioning: Versioning
  objectLock: boolean
  /** Newest version first; a key is here only while it has a version. */
  objects: Map<string, Version[]>
  keys: KeyIndex
  uploads: Map<string, Upload>
  completions: Map<string, Completion>
  /** Configuration documents by subresource name (`cors`, `lifecycle`, …), as stored. */
  configurations: Map<string, string>
}

export type State = {
  region: string
  credentials: Map<string, Credential>
  buckets: Map<string, Bucket>
  /** Milliseconds added to the clock, by access key id; '' for everyone. */
  skews: Map<string, number>
  now: () => number
}

/** The server's clock, as the holder of an access key sees it. */
export function clockOf(state: State, accessKeyId = ''): number {
  return state.now() + (state.skews.get('') ?? 0) + (state.skews.get(accessKeyId) ?? 0)
}

/** The time an object gets: S3's stamps have whole seconds. */
export function stampOf(state: State): number {
  return Math.floor(clockOf(state) / 1000) * 1000
}
