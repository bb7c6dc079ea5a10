// How a store is written in a configuration: its URI, or the same spelt out, with credentials, knobs, what a
// probe found, and what `skein setup` shall see to. Values are checked here; meaning is checked in `open`.

import * as z from '#shared/shape/shape.ts'

const SIZE = /^(?=.*[1-9])(\d+(?:\.\d+)?) ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/
const DURATION = /^(?=.*[1-9])(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/

/** Bytes as a number, or as people write them: 16MiB. */
export const size = z.union([
  z.int().check(z.positive()),
  z.string().check(z.regex(SIZE, 'a size such as 16MiB')),
])

/** Seconds as a number, or as people write them: 200ms, 2s, 15m. */
export const duration = z.union([
  z.number().check(z.positive()),
  z.string().check(z.regex(DURATION, 'a duration such as 200ms, 2s or 15m')),
])

const count = z.int().check(z.positive())
const text = z.string().check(z.minLength(1))

export const transfer = z.strictObject({
  concurrency: z.optional(count),
  partSize: z.optional(size),
  multipartThreshold: z.optional(size),
})

export const retry = z.strictObject({
  attempts: z.optional(count),
  delay: z.optional(duration),
  maxDelay: z.optional(duration),
})

export const timeouts = z.strictObject({
  request: z.optional(duration),
  idle: z.optional(duration),
  copy: z.optional(duration),
})

const algorithm = z.enum(['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256'])
const checksums = z.array(algorithm)
const flag = z.optional(z.boolean())
const limit = z.optional(z.int().check(z.nonnegative()))

/** Any part of the capability record; `null` switches a whole group off. */
export const capabilities = z.strictObject({
  maxObjectBytes: limit,
  put: z.optional(
    z.strictObject({
      maxBytes: limit,
      unknownLength: flag,
      create: flag,
      match: flag,
      checksums: z.optional(checksums),
    }),
  ),
  delete: z.optional(z.strictObject({ batch: z.optional(count), match: flag })),
  copy: z.optional(
    z.nullable(z.strictObject({ maxBytes: limit, sourceMatch: flag, create: flag, match: flag })),
  ),
  list: z.optional(
    z.strictObject({ maxKeys: z.optional(count), order: z.optional(z.enum(['utf8', 'utf16'])) }),
  ),
  multipart: z.optional(
    z.nullable(
      z.strictObject({
        minPartBytes: limit,
        maxPartBytes: limit,
        maxParts: limit,
        equalParts: flag,
        create: flag,
        match: flag,
        listParts: flag,
        listUploads: flag,
        digests: z.optional(
          z.strictObject({ part: z.nullable(algorithm), whole: z.array(algorithm) }),
        ),
        pulls: z.optional(z.nullable(z.enum(['provider', 'anywhere']))),
      }),
    ),
  ),
  presign: z.optional(
    z.nullable(
      z.strictObject({
        actions: z.optional(
          z.array(z.enum(['get', 'head', 'put', 'part', 'delete', 'form', 'resumable'])),
        ),
        maxSeconds: limit,
        enforces: z.optional(z.array(z.enum(['size', 'type', 'checksum', 'overwrite']))),
        checksums: z.optional(checksums),
      }),
    ),
  ),
  metadata: z.optional(z.strictObject({ maxBytes: limit, maxPairs: limit })),
  keys: z.optional(z.strictObject({ maxBytes: limit })),
  classes: z.optional(z.array(text)),
  tags: z.optional(z.nullable(z.strictObject({ max: limit }))),
  versions: flag,
  retention: flag,
})

/** Where the provider shall tell of changes, as it calls the place: one of them. */
const notifications = z.strictObject({
  /** Amazon's and MinIO's ARN of a queue, the id of an Azure queue, the name of Cloudflare's. */
  queue: z.optional(text),
  /** An ARN of SNS, or of Ceph; Google's projects/…/topics/…. */
  topic: z.optional(text),
  eventBridge: z.optional(z.literal(true)),
  /** The address of a hook of Skein's, for Event Grid and B2. */
  url: z.optional(z.url()),
})

/** What `skein setup` makes the bucket fit for; rules carry names that begin with `skein-`. */
export const setup = z.strictObject({
  cors: z.optional(
    z.strictObject({
      origins: z.array(text).check(z.minLength(1)),
      maxAge: z.optional(duration),
    }),
  ),
  encryption: z.optional(z.union([z.literal('provider'), z.strictObject({ kmsKey: text })])),
  versioning: z.optional(z.boolean()),
  lifecycle: z.optional(
    z.strictObject({
      abortMultipartAfterDays: z.optional(count),
      expireNoncurrentAfterDays: z.optional(count),
      expire: z.optional(z.array(z.strictObject({ prefix: text, afterDays: count }))),
      transitions: z.optional(
        z.array(
          z.strictObject({ prefix: z.optional(z.string()), afterDays: count, storageClass: text }),
        ),
      ),
    }),
  ),
  notifications: z.optional(
    notifications.check(
      z.refine(
        (targets) => Object.values(targets).filter((one) => one !== undefined).length === 1,
        'exactly one of queue, topic, eventBridge and url',
      ),
    ),
  ),
})

/** The URI's parts under the names that teams use for them. */
const place = {
  provider: z.optional(text),
  bucket: z.optional(text),
  container: z.optional(text),
  prefix: z.optional(z.string()),
  region: z.optional(text),
  endpoint: z.optional(text),
  account: z.optional(text),
  project: z.optional(text),
  path: z.optional(text),
  pathStyle: z.optional(z.boolean()),
  jurisdiction: z.optional(z.enum(['eu', 'fedramp'])),
  binding: z.optional(text),
  signatureVersion: z.optional(z.literal('v4')),
}

const credentials = {
  accessKeyId: z.optional(text),
  secretAccessKey: z.optional(text),
  sessionToken: z.optional(text),
  profile: z.optional(text),
  credentialsFile: z.optional(text),
  credentialsJson: z.optional(text),
  accountKey: z.optional(text),
  connectionString: z.optional(text),
  sasToken: z.optional(text),
  signingSecret: z.optional(text),
  publicUrl: z.optional(text),
}

const storeEntry = z.strictObject({
  uri: z.optional(text),
  ...place,
  ...credentials,
  transfer: z.optional(transfer),
  retry: z.optional(retry),
  timeouts: z.optional(timeouts),
  capabilities: z.optional(capabilities),
  setup: z.optional(setup),
})

/** A URI alone, or an entry. */
export const store = z.union([text, storeEntry])

export const PLACE_FIELDS = Object.keys(place) as (keyof typeof place)[]
export const CREDENTIAL_FIELDS = Object.keys(credentials) as (keyof typeof credentials)[]

export type StoreEntry = z.infer<typeof storeEntry>
export type Setup = z.infer<typeof setup>

const BYTES: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

export function toBytes(value: number | string): number {
  const [, amount, unit] = SIZE.exec(String(value)) ?? [undefined, value, 'B']
  return Math.floor(Number(amount) * BYTES[unit ?? 'B']!)
}

export function toSeconds(value: number | string): number {
  const [, amount, unit] = DURATION.exec(String(value)) ?? [undefined, value, 's']
  return Number(amount) * SECONDS[unit ?? 's']!
}
