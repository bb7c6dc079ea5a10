// Headers that a presigned URL carries in its query, as the official SDKs put them there.

import type { Identity } from './authorize.ts'
import type { Target } from './target.ts'

// S3 signs a checksum in the query and then ignores it; the rest of X-Amz-* is the signature's own.
const ignored = /^x-amz-(checksum-(?!mode$)|sdk-checksum-algorithm$|trailer$)/

export function hoistHeaders(target: Target, via: Identity['via']): ReadonlyMap<string, string> {
  if (via === 'header') return target.headers
  const hoisted = target.queryPairs.filter(
    ([name]) => name.startsWith('x-amz-') && !ignored.test(name) && !target.headers.has(name),
  )
  return new Map([...target.headers, ...hoisted])
}
