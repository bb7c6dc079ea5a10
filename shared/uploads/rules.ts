// What a workspace says of its uploads, and how a configuration writes it.

import * as z from '#shared/shape/shape.ts'
import { duration, size, toBytes, toSeconds } from '#shared/storage/schema.ts'

export interface UploadRules {
  /** Types allowed: `image/png`, `image/*`. Absent: any. */
  types: readonly string[] | undefined
  minBytes: number
  maxBytes: number
  /** Patterns of keys: `{claim}` is the caller's, `*` any text without a slash, `**` any text. Absent: any key. */
  keys: readonly string[] | undefined
  defaultExpirySeconds: number
  maxExpirySeconds: number
  /** Quota of parts of one upload. */
  maxParts: number
  /** Classes that may be asked for; absent: what the store has. The first is the default where `defaultClass`. */
  classes: readonly string[] | undefined
  defaultClass: string | undefined
  /** A digest of one of these must come with each upload. */
  requireChecksum: readonly string[] | undefined
  /** Uploads never overwrite, whatever they ask. */
  onlyIfAbsent: boolean
  /** `needed`: where a constraint cannot be signed. `always`: nothing is seen before it has passed. */
  staging: 'needed' | 'always'
  /** Completion may read this much to check a digest that the provider does not hold. */
  verifyBytes: number
  /** Unfinished uploads are swept at this age. */
  sweepAfterSeconds: number
}

const text = z.string().check(z.minLength(1))
const algorithm = z.enum(['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256'])

const TYPE = /^(\*|\*\/\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))$/
const type = z.string().check(z.regex(TYPE, 'a type such as image/png or image/*'))
const PATTERN = /^([^{}]|\{[^{}]+\})+$/
const pattern = z.string().check(z.regex(PATTERN, 'a pattern of keys such as users/{sub}/**'))

const DAY = 86_400
const MiB = 2 ** 20

const fields = z.strictObject({
  types: z.optional(z.array(type).check(z.minLength(1))),
  minSize: z.optional(size),
  maxSize: z.optional(size),
  keys: z.optional(z.array(pattern).check(z.minLength(1))),
  expiry: z.optional(duration),
  maxExpiry: z.optional(duration),
  maxParts: z.optional(z.int().check(z.positive())),
  classes: z.optional(z.array(text).check(z.minLength(1))),
  defaultClass: z.optional(text),
  requireChecksum: z.optional(z.array(algorithm).check(z.minLength(1))),
  onlyIfAbsent: z.optional(z.boolean()),
  staging: z.optional(z.enum(['needed', 'always'])),
  verifyUpTo: z.optional(size),
  sweepAfter: z.optional(duration),
})

/** Of two settings that contradict each other one would be ignored. */
export const uploads = fields.check(
  z.refine(
    ({ minSize = 0, maxSize }) => maxSize === undefined || toBytes(minSize) <= toBytes(maxSize),
    { path: ['minSize'], message: 'at most `maxSize`' },
  ),
  z.refine(({ expiry = 0, maxExpiry = DAY }) => toSeconds(expiry) <= toSeconds(maxExpiry), {
    path: ['expiry'],
    message: 'at most `maxExpiry`, which is a day unless it is said',
  }),
  z.refine(
    ({ defaultClass, classes }) =>
      defaultClass === undefined || !classes || classes.includes(defaultClass),
    { path: ['defaultClass'], message: 'one of `classes`' },
  ),
)

export function uploadRules(written: z.infer<typeof uploads> = {}): UploadRules {
  const maxExpirySeconds = toSeconds(written.maxExpiry ?? DAY)
  return {
    types: written.types,
    minBytes: written.minSize === undefined ? 0 : toBytes(written.minSize),
    maxBytes: written.maxSize === undefined ? Number.MAX_SAFE_INTEGER : toBytes(written.maxSize),
    keys: written.keys,
    defaultExpirySeconds: Math.min(toSeconds(written.expiry ?? 900), maxExpirySeconds),
    maxExpirySeconds,
    maxParts: written.maxParts ?? 10_000,
    classes: written.classes,
    defaultClass: written.defaultClass,
    requireChecksum: written.requireChecksum,
    onlyIfAbsent: written.onlyIfAbsent ?? false,
    staging: written.staging ?? 'needed',
    verifyBytes: toBytes(written.verifyUpTo ?? 100 * MiB),
    sweepAfterSeconds: toSeconds(written.sweepAfter ?? 7 * DAY),
  }
}
