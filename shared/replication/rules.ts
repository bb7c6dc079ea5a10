// What a workspace says of its copies, and how a configuration writes it.

import * as z from '#shared/shape/shape.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isPublicAddress } from '#shared/wire/public-address.ts'
import { isWebhookSecret } from '#shared/wire/standard-webhook.ts'
import { duration, size, toBytes, toSeconds } from '#shared/storage/schema.ts'

/** Which objects are copied at all; what is absent asks for nothing. */
export interface Selection {
  /** Keys that begin so; several are alternatives. */
  prefixes: readonly string[] | undefined
  minBytes: number
  maxBytes: number
  /** `image/png`, `image/*`; several are alternatives. */
  types: readonly string[] | undefined
  /** All of them must be there. */
  tags: Readonly<Record<string, string>> | undefined
}

export interface ReplicationRules {
  /** `after` a completion; `sync`: before it is answered; `manual`: only when asked. */
  mode: 'after' | 'sync' | 'manual'
  /** How many replicas a `sync` completion waits for. */
  waitFor: number
  /** `delay`: a deletion reaches the replicas that much later. `keep`: never. */
  deletes: { policy: 'propagate' | 'delay' | 'keep'; delaySeconds: number }
  /** Of two versions that nobody derived from each other. The one that gives way is kept aside. */
  conflict: 'primary' | 'latest' | 'keep-both'
  only: Selection
  /** Whether writes may fail over. */
  failover: FailoverRules | undefined
  /** A change that is not at a replica by then is told of. */
  missedAfterSeconds: number
  /** Who is told of that; the first secret signs, and so does the second while one replaces the other. */
  webhooks: readonly { url: string; secrets: readonly string[] }[]
}

export interface FailoverRules {
  /** The replicas that may stand in for the primary, the first choice first. */
  to: readonly string[]
  /** Without it only somebody who asks moves the truth. */
  automatic: { failures: number; overSeconds: number } | undefined
}

const text = z.string().check(z.minLength(1))

const automatic = z.strictObject({
  /** Probes in a row, one a minute. */
  failures: z.optional(z.int().check(z.positive())),
  over: z.optional(duration),
})

const failover = z.strictObject({
  to: z.array(text).check(z.minLength(1)),
  automatic: z.optional(z.union([z.boolean(), automatic])),
})

const URL_PROBLEM = 'an https address of a public host, such as https://hooks.example.com/skein'
const SECRET_PROBLEM = '`whsec_` and 24 to 64 bytes in base64'
const secret = z.string().check(z.refine(isWebhookSecret, SECRET_PROBLEM))

const webhook = z.strictObject({
  url: z.string().check(z.refine(isPublicAddress, URL_PROBLEM)),
  secrets: z.array(secret).check(z.minLength(1), z.maxLength(2)),
})

export const replication = z.strictObject({
  mode: z.optional(z.enum(['after', 'sync', 'manual'])),
  waitFor: z.optional(z.int().check(z.positive())),
  deletes: z.optional(z.enum(['propagate', 'delay', 'keep'])),
  deleteAfter: z.optional(duration),
  conflict: z.optional(z.enum(['primary', 'latest', 'keep-both'])),
  only: z.optional(
    z.strictObject({
      prefixes: z.optional(z.array(text).check(z.minLength(1))),
      minSize: z.optional(size),
      maxSize: z.optional(size),
      types: z.optional(z.array(text).check(z.minLength(1))),
      tags: z.optional(z.record(text, z.string())),
    }),
  ),
  failover: z.optional(failover),
  missedAfter: z.optional(duration),
  webhooks: z.optional(z.array(webhook).check(z.minLength(1))),
})

const DAY = 86_400

export function replicationRules(written: z.infer<typeof replication> = {}): ReplicationRules {
  const { only = {} } = written
  return {
    mode: written.mode ?? 'after',
    waitFor: written.waitFor ?? 1,
    deletes: {
      policy: written.deletes ?? 'propagate',
      delaySeconds: toSeconds(written.deleteAfter ?? 7 * DAY),
    },
    conflict: written.conflict ?? 'primary',
    only: {
      prefixes: only.prefixes,
      minBytes: only.minSize === undefined ? 0 : toBytes(only.minSize),
      maxBytes: only.maxSize === undefined ? Number.MAX_SAFE_INTEGER : toBytes(only.maxSize),
      types: only.types,
      tags: only.tags,
    },
    failover: written.failover && failoverRules(written.failover),
    missedAfterSeconds: toSeconds(written.missedAfter ?? 900),
    webhooks: written.webhooks ?? [],
  }
}

function failoverRules({ to, automatic: given }: z.infer<typeof failover>): FailoverRules {
  const asked = given === true ? {} : given
  if (!asked) return { to, automatic: undefined }
  const { failures = 3, over = 120 } = asked
  return { to, automatic: { failures, overSeconds: toSeconds(over) } }
}

export function selectsKey({ prefixes }: Selection, key: string): boolean {
  return prefixes === undefined || prefixes.some((prefix) => key.startsWith(prefix))
}

/** All but the tags, which cost a request. */
export function selects(
  only: Selection,
  { key, size: bytes, contentType }: Pick<ObjectInfo, 'key' | 'size' | 'contentType'>,
): boolean {
  const { minBytes, maxBytes, types } = only
  if (!selectsKey(only, key) || bytes < minBytes || bytes > maxBytes) return false
  return types === undefined || types.some((type) => isOfType(type, contentType ?? ''))
}

export function selectsTags({ tags }: Selection, found: Readonly<Record<string, string>>): boolean {
  return Object.entries(tags ?? {}).every(([name, value]) => found[name] === value)
}

function isOfType(wanted: string, contentType: string): boolean {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  return wanted.endsWith('/*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted
}
