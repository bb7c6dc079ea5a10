// What may be said of one upload, and the fields that other requests share with it. Apart from those, since a plan
// of one upload is what most requests ask, and each shape is made before the first of them.

import * as z from '#shared/shape/shape.ts'

/** Keys are measured in bytes by the store; a character has at most four. */
export const LONGEST_KEY = 1024
const LONGEST_HEADER = 1024
const LONGEST_METADATA = 2048

export const key = z.string().check(z.minLength(1), z.maxLength(LONGEST_KEY))
export const seconds = z.int().check(z.positive())
export const text = z.string().check(z.minLength(1), z.maxLength(LONGEST_HEADER))
export const size = z.int().check(z.nonnegative())

/** What a header can carry: no line can end in one. */
export const header = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(LONGEST_HEADER),
    z.regex(/^[\x20-\x7e]*$/, 'printable ASCII, as headers are'),
  )

export const algorithm = z.enum(['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256'])

export const checksum = z.strictObject({
  algorithm,
  value: z.string().check(z.regex(/^[A-Za-z0-9+/]{6,43}={0,2}$/, 'base64 of the digest')),
})

export const metadata = z.record(z.string(), z.string().check(z.maxLength(LONGEST_METADATA)))

export const uploadRequest = z.strictObject({
  key,
  size: z.optional(size),
  contentType: z.optional(header),
  contentEncoding: z.optional(header),
  contentDisposition: z.optional(header),
  contentLanguage: z.optional(header),
  cacheControl: z.optional(header),
  checksum: z.optional(checksum),
  metadata: z.optional(metadata),
  storageClass: z.optional(text),
  ifAbsent: z.optional(z.boolean()),
  expiresInSeconds: z.optional(seconds),
  method: z.optional(z.enum(['put', 'form', 'parts', 'resumable'])),
})
