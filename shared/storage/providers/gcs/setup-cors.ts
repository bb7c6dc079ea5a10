// The CORS entries of a Google bucket. They have no names, so ours carries its own among its headers. One
// list says both what a browser may send and what a page may read.
// https://cloud.google.com/storage/docs/cross-origin

import type { CorsBook, CorsRule } from '../../cors-rule.ts'
import { CONTENT_HEADERS, describeCors, markOf, readMark, withoutMark } from '../../cors-rule.ts'
import type { BucketResource, BucketSettings, GcsCorsRule } from './setup-bucket.ts'

/** Those that a signed request may carry, and those that uploads and downloads are told by. */
export const CORS_HEADERS: readonly string[] = [
  ...CONTENT_HEADERS,
  ...['ETag', 'Content-Length', 'Content-Range', 'Accept-Ranges', 'Location'],
  ...['x-goog-hash', 'x-goog-generation', 'x-goog-metageneration', 'x-goog-resumable'],
  ...['x-goog-if-generation-match', 'x-goog-content-length-range', 'x-goog-storage-class'],
  ...['x-goog-stored-content-length', 'x-goog-stored-content-encoding', 'x-goog-meta-*'],
]

const MAX_RULES = 100

export function corsBook(bucket: BucketSettings): CorsBook<GcsCorsRule, BucketResource> {
  return {
    store: bucket.store,
    maxRules: MAX_RULES,
    async read() {
      const tag = await bucket.read()
      const value = (tag.cors ?? []).map((rule) => ({
        name: readMark(rule.responseHeader ?? []),
        rule,
      }))
      return { value, tag }
    },
    write: (next, { tag }) => bucket.patch(tag, { cors: next.map(({ rule }) => rule) }),
    decode,
    encode: (rule, name) => ({
      origin: [...rule.origins],
      method: [...rule.methods],
      responseHeader: [...rule.headers, markOf(name)],
      maxAgeSeconds: rule.maxAgeSeconds,
    }),
    describe: (rule) => describeCors(decode(rule)),
  }
}

function decode({ origin, method, responseHeader, maxAgeSeconds }: GcsCorsRule): CorsRule {
  const headers = withoutMark(responseHeader ?? [])
  return {
    origins: origin ?? [],
    methods: method ?? [],
    headers,
    exposed: headers,
    maxAgeSeconds: maxAgeSeconds ?? 3600,
  }
}
