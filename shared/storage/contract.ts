// The contract through which Skein sees every cloud. A driver speaks one provider's wire and may assume
// what `Store` has already checked: valid keys (prefix included), portable metadata, options that the
// capability record allows, a signal that ends the call. What a driver must give back is written here, on
// the method; where a provider cannot, its capability record says so and `Store` refuses before a request.

import type { Capabilities } from './capabilities.ts'
import type { StorageError } from './errors.ts'

export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'md5' | 'sha1' | 'sha256'

/** A digest of the whole content; `value` is base64 of the big-endian bytes. */
export interface Checksum {
  algorithm: ChecksumAlgorithm
  value: string
}

/** The headers that describe content and travel with it. */
export interface ContentHeaders {
  contentType?: string | undefined
  contentEncoding?: string | undefined
  contentDisposition?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
}

/** What a listing tells of an object. */
export interface ListedObject {
  key: string
  size: number
  /** Names this very content: what `ifMatch` takes. An ETag, unquoted; on GCS the generation. Opaque. */
  etag: string
  modified: Date
  /** The provider's name of the class, absent where it has only one. */
  storageClass?: string | undefined
  /** Digests of the whole object that the provider holds, as far as this answer tells them. */
  checksums?: Partial<Record<ChecksumAlgorithm, string>> | undefined
  version?: string | undefined
}

/** What `head` tells: everything the provider knows without reading the bytes. */
export interface ObjectInfo extends ListedObject, ContentHeaders {
  metadata: Record<string, string>
  checksums: Partial<Record<ChecksumAlgorithm, string>>
  /** A digest over part digests; comparable only with an object of the same parts. */
  composite?: (Checksum & { parts: number }) | undefined
  /** How many tags there are to ask for, where the answer tells. */
  tagCount?: number | undefined
  /** True when the bytes cannot be read before a restore; `restoring` while one is under way. */
  archived?: boolean | undefined
  restoring?: boolean | undefined
}

/** `overwrite`; `create`: fails with `exists` if the key is taken; `ifMatch`: fails with `precondition` unless the content is that one. */
export type PutMode = 'overwrite' | 'create' | { ifMatch: string }

/** First and last byte, inclusive; `last` open to read on to the end. */
export interface ByteRange {
  first: number
  last?: number | undefined
}

export interface Call {
  signal: AbortSignal
}

export interface ReadOptions extends Call {
  version?: string | undefined
}

export interface GetOptions extends ReadOptions {
  range?: ByteRange | undefined
  /** `precondition` unless the object is still this one. */
  ifMatch?: string | undefined
}

/** The stored bytes as they are: a driver never decompresses. `info.size` is the whole object's size, whatever the range. */
export interface GetResult {
  info: ObjectInfo
  body: ReadableStream<Uint8Array>
  /** The body is an answer's own, of the length that was announced. */
  framed?: true | undefined
}

/** What is written beside the bytes. */
export interface ObjectProperties extends ContentHeaders {
  metadata?: Record<string, string> | undefined
  storageClass?: string | undefined
  tags?: Record<string, string> | undefined
}

export interface PutOptions extends Call, ObjectProperties {
  mode: PutMode
  /** The provider checks it and refuses with `corrupt`; only algorithms that `capabilities.put.checksums` names. */
  checksum?: Checksum | undefined
}

/** Bytes in hand, or a stream with its length; a length is absent only where `capabilities.put.unknownLength`. */
export type Content =
  | { bytes: Uint8Array }
  | {
      stream: ReadableStream<Uint8Array>
      size?: number
      /**
       * Its length is sure, so that a Worker need not look at its bytes: a stream of fixed length, or the body of a `get`,
       * whose pieces whoever sends them may free.
       */
      framed?: 'answer' | 'fixed' | undefined
    }

export interface DeleteTarget {
  key: string
  /** This version for good, leaving the others. */
  version?: string | undefined
  /** `precondition` unless the object is still this one; only where `capabilities.delete.match`. */
  ifMatch?: string | undefined
}

export interface DeleteResult {
  key: string
  error?: StorageError | undefined
}

export interface ListOptions extends Call {
  /** A plain string prefix: `foo/ba` matches `foo/bar`. */
  prefix?: string | undefined
  /** Folds keys that hold it after the prefix into `prefixes`. */
  delimiter?: string | undefined
  /** Only keys after this one, in the store's key order; together with `cursor` it must be the same as before. */
  after?: string | undefined
  cursor?: string | undefined
  limit?: number | undefined
}

/** In key order over all pages. A page may be short or empty and still carry a cursor. */
export interface ListPage {
  objects: ListedObject[]
  prefixes: string[]
  cursor?: string | undefined
}

export interface CopySource {
  key: string
  version?: string | undefined
  ifMatch?: string | undefined
  /** Another bucket of the same provider; absent: this one. Without leave to read it, `denied`. */
  bucket?: string | undefined
  /** As it was looked at, which saves looking again. */
  seen?: ObjectInfo | undefined
}

export interface CopyOptions extends Call {
  mode: PutMode
  /** Replaces what travels with the object; absent: all of it is kept. */
  properties?: ObjectProperties | undefined
  storageClass?: string | undefined
}

export interface Driver {
  readonly capabilities: Capabilities

  /** Fails with `not-found`. */
  head(key: string, options: ReadOptions): Promise<ObjectInfo>

  /** Fails with `not-found`, with `precondition` for `ifMatch`, with `invalid` for a range that begins past the end. */
  get(key: string, options: GetOptions): Promise<GetResult>

  /** All or nothing, and read back by whoever asks after it returned. `info` need not hold more than key, size, etag and version. */
  put(key: string, content: Content, options: PutOptions): Promise<ObjectInfo>

  /** One result a target, in order. A key that is not there counts as deleted. At most `capabilities.delete.batch` targets. */
  delete(targets: DeleteTarget[], options: Call): Promise<DeleteResult[]>

  list(options: ListOptions): Promise<ListPage>

  /** Within this store's provider and by its credentials, without the bytes passing through here. */
  copy(from: CopySource, key: string, options: CopyOptions): Promise<ObjectInfo>

  readonly multipart?: MultipartDriver
  readonly versions?: VersionsDriver
  readonly classes?: ClassesDriver
  readonly tags?: TagsDriver
  readonly retention?: RetentionDriver
  /** Closes sockets and handles. */
  close?(): Promise<void>
}

export interface Part {
  partNumber: number
  size: number
  etag: string
  checksum?: Checksum | undefined
}

/** One of those that an object was put together from. */
export interface ObjectPart {
  size: number
  checksum?: Checksum | undefined
}

/** The bytes that are to be a part. */
export interface PullSource {
  /** Of the same provider; or any object, by a signed URL. */
  from: { bucket: string; key: string; version?: string | undefined } | { url: string }
  ifMatch: string | undefined
  first: number
  size: number
}

export interface UnfinishedUpload {
  key: string
  uploadId: string
  begun: Date | undefined
}

export interface BeginOptions extends Call, ObjectProperties {
  mode: PutMode
  /** Parts, or the whole at completion, will bring digests of this algorithm: S3 wants to know beforehand. */
  checksum?: { algorithm: ChecksumAlgorithm } | undefined
}

/**
 * Large objects in parts, numbered from 1. The same properties and mode are given to `begin` and to
 * `complete`: S3 wants them at the start, Azure at the end. Nothing is seen at the key before `complete`.
 */
export interface MultipartDriver {
  begin(key: string, options: BeginOptions): Promise<string>
  part(
    key: string,
    uploadId: string,
    partNumber: number,
    content: Content,
    options: Call & { checksum?: Checksum | undefined },
  ): Promise<Part>
  /** Where `capabilities.multipart.pulls`: the provider reads the part by itself. Fails with `precondition` for `ifMatch`. */
  pull?(
    key: string,
    uploadId: string,
    partNumber: number,
    source: PullSource,
    options: Call,
  ): Promise<Part>
  /** A `checksum` of the whole is checked where the provider can; Azure keeps it as it is given. */
  complete(key: string, uploadId: string, parts: Part[], options: PutOptions): Promise<ObjectInfo>
  /** An upload that is not there counts as aborted. */
  abort(key: string, uploadId: string, options: Call): Promise<void>
  /** Where `capabilities.multipart.listParts`. Fails with `not-found` once completed or aborted. */
  listParts?(
    key: string,
    uploadId: string,
    options: Call & { cursor?: string | undefined },
  ): Promise<{ parts: Part[]; cursor?: string | undefined }>
  /** Those that an object was put together from, in order, where the provider still tells; else none. */
  partsOf?(key: string, options: ReadOptions): Promise<ObjectPart[]>
  /** Where `capabilities.multipart.listUploads`. */
  listUploads?(
    options: Call & { prefix?: string | undefined; cursor?: string | undefined },
  ): Promise<{ uploads: UnfinishedUpload[]; cursor?: string | undefined }>
}

export interface ObjectVersion extends ListedObject {
  version: string
  latest: boolean
  /** A delete marker: the key reads as absent since. */
  deleted: boolean
}

export interface VersionsDriver {
  list(
    options: Call & {
      prefix?: string | undefined
      cursor?: string | undefined
      limit?: number | undefined
    },
  ): Promise<{ versions: ObjectVersion[]; cursor?: string | undefined }>
}

export interface ClassesDriver {
  /** Moves the object to the class, by the cheapest way that keeps content, metadata and tags. */
  setClass(key: string, storageClass: string, options: ReadOptions): Promise<void>
  /** Asks for an archived object to become readable; `head` tells when it is. Absent where nothing is ever archived. */
  restore?(key: string, options: ReadOptions & { days?: number | undefined }): Promise<void>
}

export interface TagsDriver {
  get(key: string, options: ReadOptions): Promise<Record<string, string>>
  set(key: string, tags: Record<string, string>, options: ReadOptions): Promise<void>
}

export interface Retention {
  mode: 'governance' | 'compliance'
  until: Date
}

export interface RetentionDriver {
  get(
    key: string,
    options: ReadOptions,
  ): Promise<{ retention?: Retention | undefined; hold: boolean }>
  setRetention(key: string, retention: Retention, options: ReadOptions): Promise<void>
  setHold(key: string, hold: boolean, options: ReadOptions): Promise<void>
}
