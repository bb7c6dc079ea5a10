// What an R2 binding offers, as far as it is used here: Cloudflare's own names and shapes.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/

export interface R2HttpMetadata {
  contentType?: string
  contentLanguage?: string
  contentDisposition?: string
  contentEncoding?: string
  cacheControl?: string
}

export interface R2Properties {
  httpMetadata?: R2HttpMetadata
  customMetadata?: Record<string, string>
  storageClass?: string
}

export interface R2Object {
  key: string
  size: number
  etag: string
  uploaded: Date
  checksums: Partial<Record<'md5' | 'sha1' | 'sha256', ArrayBuffer>>
  httpMetadata?: R2HttpMetadata
  customMetadata?: Record<string, string>
  storageClass?: string
}

export interface R2ObjectBody extends R2Object {
  body: ReadableStream<Uint8Array>
}

export interface R2Conditional {
  etagMatches?: string
  etagDoesNotMatch?: string
}

export interface R2PutOptions extends R2Properties {
  onlyIf?: R2Conditional
  md5?: Uint8Array
  sha1?: Uint8Array
  sha256?: Uint8Array
}

export interface R2ListOptions {
  limit?: number
  prefix?: string
  cursor?: string
  delimiter?: string
  startAfter?: string
}

export interface R2Objects {
  objects: R2Object[]
  delimitedPrefixes: string[]
  truncated: boolean
  cursor?: string
}

export type R2Value = Uint8Array | ReadableStream<Uint8Array>

export interface R2Part {
  partNumber: number
  etag: string
}

export interface R2Upload {
  uploadId: string
  uploadPart(partNumber: number, value: R2Value): Promise<R2Part>
  abort(): Promise<void>
  complete(parts: R2Part[]): Promise<R2Object>
}

export interface R2Bucket {
  head(key: string): Promise<R2Object | null>
  /** Without a body where the condition did not hold. */
  get(
    key: string,
    options: { onlyIf?: R2Conditional; range?: { offset: number; length?: number } },
  ): Promise<R2ObjectBody | R2Object | null>
  /** `null` where the condition did not hold. */
  put(key: string, value: R2Value, options: R2PutOptions): Promise<R2Object | null>
  delete(keys: string[]): Promise<void>
  list(options: R2ListOptions): Promise<R2Objects>
  createMultipartUpload(key: string, options: R2Properties): Promise<R2Upload>
  resumeMultipartUpload(key: string, uploadId: string): R2Upload
}

export function isR2Bucket(value: unknown): value is R2Bucket {
  return typeof value === 'object' && value !== null && 'createMultipartUpload' in value
}
