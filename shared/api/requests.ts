// What requests may say, field by field: validated by these schemas, described by them in the OpenAPI
// document, and compared with the public types when the project is checked. An unknown field is an error: a
// misspelt constraint must never be a constraint ignored.

import * as z from '#shared/shape/shape.ts'
import type {
  BatchRequest,
  CompleteRequest,
  CopyRequest,
  DownloadRequest,
  FailbackRequest,
  FailoverRequest,
  JobRequest,
  PartsRequest,
  ReplayRequest,
  ResyncRequest,
  UploadRequest,
  UppyRequest,
} from '#shared/client/protocol.ts'
import type { Agrees, Held } from './agreement.ts'
import {
  LONGEST_KEY,
  checksum,
  header,
  key,
  seconds,
  size,
  text,
  uploadRequest,
} from './upload-request.ts'

const MOST_UPLOADS = 1000
const MOST_PARTS = 100
const WEEK_SECONDS = 604_800

const partNumber = z.int().check(z.positive(), z.maximum(100_000))

export const batchRequest = z.strictObject({
  uploads: z.array(uploadRequest).check(z.minLength(1), z.maxLength(MOST_UPLOADS)),
})

export const partsRequest = z.strictObject({
  partNumbers: z.optional(z.array(partNumber).check(z.minLength(1), z.maxLength(MOST_PARTS))),
  expiresInSeconds: z.optional(seconds),
  checksums: z.optional(z.record(z.string(), checksum)),
})

export const completeRequest = z.strictObject({
  parts: z.optional(
    z
      .array(z.strictObject({ partNumber, etag: z.optional(text), size: z.optional(size) }))
      .check(z.maxLength(100_000)),
  ),
})

export const downloadRequest = z.strictObject({
  key,
  from: z.optional(text),
  expiresInSeconds: z.optional(seconds),
  disposition: z.optional(header),
  filename: z.optional(text),
  contentType: z.optional(header),
  range: z.optional(z.strictObject({ first: size, last: size })),
  version: z.optional(text),
  verify: z.optional(z.boolean()),
})

export const copyRequest = z.strictObject({
  from: key,
  to: key,
  ifAbsent: z.optional(z.boolean()),
})

export const replayRequest = z.strictObject({
  store: z.optional(text),
  key: z.optional(key),
  deletes: z.optional(z.boolean()),
})

export const resyncRequest = z.strictObject({
  prefix: z.optional(z.string().check(z.maxLength(LONGEST_KEY))),
  thorough: z.optional(z.boolean()),
})

export const jobRequest = z.strictObject({
  kind: text,
  options: z.optional(z.record(z.string(), z.unknown())),
})

const reason = z.optional(z.string().check(z.maxLength(500)))

export const failoverRequest = z.strictObject({ to: text, reason })

export const failbackRequest = z.strictObject({ reason })

export const uppyRequest = z.strictObject({
  expiresInSeconds: z.optional(z.int().check(z.positive(), z.maximum(WEEK_SECONDS))),
  prefix: z.optional(z.string().check(z.maxLength(LONGEST_KEY))),
})

/** Held by the compiler: a field that one side lacks does not build. */
export type Agreement = Held<
  [
    Agrees<z.infer<typeof uploadRequest>, UploadRequest>,
    Agrees<z.infer<typeof batchRequest>, BatchRequest>,
    Agrees<z.infer<typeof partsRequest>, PartsRequest>,
    Agrees<z.infer<typeof completeRequest>, CompleteRequest>,
    Agrees<z.infer<typeof downloadRequest>, DownloadRequest>,
    Agrees<z.infer<typeof copyRequest>, CopyRequest>,
    Agrees<z.infer<typeof replayRequest>, ReplayRequest>,
    Agrees<z.infer<typeof resyncRequest>, ResyncRequest>,
    Agrees<z.infer<typeof jobRequest>, JobRequest>,
    Agrees<z.infer<typeof failoverRequest>, FailoverRequest>,
    Agrees<z.infer<typeof failbackRequest>, FailbackRequest>,
    Agrees<z.infer<typeof uppyRequest>, UppyRequest>,
  ]
>
