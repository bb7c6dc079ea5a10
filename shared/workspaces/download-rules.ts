// What a workspace says of its downloads, and how a configuration writes it.

import * as z from '#shared/shape/shape.ts'
import { duration, toSeconds } from '#shared/storage/schema.ts'

export interface DownloadRules {
  /** A rule or a store's name; `primary` when nothing is said. */
  from: string
  /** For `balanced`; a store that is not named has none. */
  weights: Readonly<Record<string, number>>
  defaultExpirySeconds: number
  maxExpirySeconds: number
  /** The base URL that stands in front of a store, its prefix included; URLs there are not signed. */
  cdn: Readonly<Record<string, string>>
}

const text = z.string().check(z.minLength(1))

const PLAIN_URL = /^https?:\/\/[^?#]+$/i
const PLAIN_URL_PROBLEM = 'an http or https address without ? and #, which keys are put behind'

export const downloads = z.strictObject({
  from: z.optional(text),
  weights: z.optional(z.record(z.string(), z.number().check(z.nonnegative()))),
  expiry: z.optional(duration),
  maxExpiry: z.optional(duration),
  cdn: z.optional(z.record(z.string(), z.url().check(z.regex(PLAIN_URL, PLAIN_URL_PROBLEM)))),
})

const HOUR = 3600
const WEEK = 604_800

export function downloadRules(written: z.infer<typeof downloads> = {}): DownloadRules {
  const { from = 'primary', weights = {}, expiry = 900, maxExpiry = WEEK, cdn = {} } = written
  const maxExpirySeconds = toSeconds(maxExpiry)
  return {
    from,
    weights,
    defaultExpirySeconds: Math.min(toSeconds(expiry), maxExpirySeconds, HOUR * 24 * 7),
    maxExpirySeconds,
    cdn,
  }
}
