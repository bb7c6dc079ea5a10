// Pair records as text, a line each: keys give only what differs from the one before, and an ETag that both
// sides share is written once. Gzipped, a million records take some tens of megabytes.

import type { ChecksumAlgorithm } from '#shared/storage/contract.ts'
import { GRADES } from './grade.ts'
import type { Identity, PairRecord } from './pair.ts'

type Line = [
  shared: number,
  rest: string,
  size: number,
  fromEtag: string,
  fromModified: number,
  /** 0: the source's. */
  toEtag: string | 0,
  toModified: number,
  grade: number,
  /** 0: none. */
  digest: string | 0,
  verified: number,
]

/** Lines are only read in the sequence in which they were written. */
export function createLineWriter(): (record: PairRecord) => string {
  let before = ''
  return ({ key, size, from, to, digest, grade, verified }) => {
    const shared = sharedLength(before, key)
    before = key
    const line: Line = [
      shared,
      key.slice(shared),
      size,
      from.etag,
      from.modified ?? 0,
      to.etag === from.etag ? 0 : to.etag,
      to.modified ?? 0,
      GRADES.indexOf(grade),
      digest ? `${digest.algorithm}:${digest.value}` : 0,
      verified ?? 0,
    ]
    return `${JSON.stringify(line)}\n`
  }
}

export function createLineReader(): (line: string) => PairRecord {
  let before = ''
  return (text) => {
    const line = JSON.parse(text) as Line
    const [shared, rest, size, fromEtag, fromModified, toEtag, toModified] = line
    const [grade, digest, verified] = line.slice(7) as [number, string | 0, number]
    before = before.slice(0, shared) + rest
    return {
      key: before,
      size,
      from: identity(fromEtag, fromModified),
      to: identity(toEtag === 0 ? fromEtag : toEtag, toModified),
      grade: GRADES[grade] ?? 'size',
      ...(digest !== 0 && { digest: readDigest(digest) }),
      ...(verified > 0 && { verified }),
    }
  }
}

function identity(etag: string, modified: number): Identity {
  return modified > 0 ? { etag, modified } : { etag }
}

function readDigest(text: string): { algorithm: ChecksumAlgorithm; value: string } {
  const colon = text.indexOf(':')
  return { algorithm: text.slice(0, colon) as ChecksumAlgorithm, value: text.slice(colon + 1) }
}

/** Never half of a surrogate pair, which has no text of its own. */
function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++
  const isHalf = length > 0 && (b.charCodeAt(length - 1) & 0xfc00) === 0xd800
  return isHalf ? length - 1 : length
}
