/**
 * Everything the server remembers, in memory: accounts, tokens, buckets with their object
 * versions, uploads under way, rewrites under way, faults and the request log.
 */
import type { KeyObject } from 'node:crypto'
import type { JsonObject } from './call.ts'
import type { Content } from './content.ts'
import { invalid, noSuchBucket } from './errors.ts'
import type { FaultRule, LoggedRequest } from './faults.ts'
import type { MultipartUpload } from './xml-multipart.ts'
import type { Preconditions } from './preconditions.ts'
import type { ResumableSession } from './resumable-session.ts'

export interface Account {
  readonly clientEmail: string
  readonly publicKey: KeyObject
  /** Present where the server may sign for the account (signBlob). */
  readonly privateKey?: KeyObject
}

export interface HmacKey {
  readonly accessId: string
  readonly secret: string
}

export interface AccessToken {
  readonly email: string
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
}

export interface ObjectVersion {
  readonly bucket: string
  readonly name: string
  readonly generation: number
  metageneration: number
  content: Content
  readonly crc32c: number
  readonly md5: string | undefined
  readonly componentCount: number | undefined
  readonly storageClass: string
  /** The writable part of the object's resource. */
  attributes: ObjectAttributes
  readonly createdAtMs: number
  updatedAtMs: number
  /** When a newer version or a delete made this one noncurrent. */
  deletedAtMs?: number
}

export interface ObjectAttributes {
  contentType?: string
  contentEncoding?: string
  contentDisposition?: string
  contentLanguage?: string
  cacheControl?: string
  customTime?: string
  metadata?: Record<string, string>
  temporaryHold?: boolean
  eventBasedHold?: boolean
  retention?: { mode: string; retainUntilTime: string }
}

export interface Bucket {
  readonly name: string
  /** The bucket's JSON resource but for the parts that are computed. */
  resource: JsonObject
  metageneration: number
  readonly createdAtMs: number
  updatedAtMs: number
  /** Versions of each name, oldest first; the last one is live unless it has been deleted. */
  readonly versions: Map<string, ObjectVersion[]>
  /** The names in listing order, while no name has come or gone. */
  sortedNames: string[] | undefined
  settings: BucketSettings
}

/** What a test can make easier or stricter for one bucket. */
export interface BucketSettings {
  minPartBytes: number
  /** Most bytes that one rewrite call copies; undefined copies all. */
  rewriteBytesPerCall: number | undefined
  /** Refuse a second write of a name within a second, as Cloud Storage may. */
  limitUpdateRate: boolean
}

export interface Rewrite {
  readonly names: string
  readonly resource: JsonObject
  readonly conditions: Preconditions
  readonly source: ObjectVersion
  bytesDone: number
}

export interface State {
  readonly projectId: string
  readonly now: () => number
  readonly accounts: Map<string, Account>
  readonly defaultAccount: string
  readonly hmacKeys: Map<string, HmacKey>
  readonly accessTokens: Map<string, AccessToken>
  readonly refreshTokens: Map<string, { clientId: string; clientSecret: string }>
  readonly buckets: Map<string, Bucket>
  readonly sessions: Map<string, ResumableSession>
  readonly multiparts: Map<string, MultipartUpload>
  readonly rewrites: Map<string, Rewrite>
  readonly lastUpdateMs: Map<string, number>
  readonly faults: FaultRule[]
  readonly log: LoggedRequest[]
  lastGeneration: number
}

export function findBucket(state: State, name: string): Bucket {
  const bucket = state.buckets.get(name)
  if (!bucket) throw noSuchBucket()
  return bucket
}

/** Microseconds, as in Cloud Storage, and never the same twice. */
export function nextGeneration(state: State): number {
  state.lastGeneration = Math.max(state.lastGeneration + 1, Math.floor(state.now() * 1000))
  return state.lastGeneration
}

const BUCKET_NAME = /^[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]$/

export function createBucket(state: State, name: string, resource: JsonObject): Bucket {
  const components = name.split('.')
  const longest = Math.max(...components.map((part) => part.length))
  if (!BUCKET_NAME.test(name) || longest > 63 || name.startsWith('goog')) {
    throw invalid(`Invalid bucket name: '${name}'`, 'InvalidBucketName')
  }
  const bucket: Bucket = {
    name,
    resource,
    metageneration: 1,
    createdAtMs: state.now(),
    updatedAtMs: state.now(),
    versions: new Map(),
    sortedNames: undefined,
    settings: {
      minPartBytes: 5 * 1024 * 1024,
      rewriteBytesPerCall: undefined,
      limitUpdateRate: false,
    },
  }
  state.buckets.set(name, bucket)
  return bucket
}
