// What the copies of one key are to each other, from what each store tells, what was read, what Skein recorded,
// and what copies say of themselves. Pure: it asks nobody. A side is called corrupt on evidence alone: its
// own provider's digest, Skein's record of that very version, or a majority of three.

import { compareDigests, sameComposite } from '#shared/compare/digests.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { Claim, Origin } from '#shared/copy/mark.ts'
import { sameOrigin } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Finding } from './findings.ts'
import * as found from './found.ts'

/** What is known of one store's copy. */
export interface Copy {
  store: string
  /** Undefined: there is none. */
  info: ObjectInfo | undefined
  /** Where its content was first written; for what is no copy, right there. */
  origin?: Origin | undefined
  /** What its mark says that it should be. */
  claim?: Claim | undefined
  /** Of its bytes, read just now. */
  read?: Digests | undefined
  /** Why it could not be read though it was to be. */
  unreadable?: string | undefined
}

/** What a pair's record still says. */
export interface Recorded {
  /** Of the primary's object as it is now. */
  ofSource?: Digests | undefined
  /** Of the follower's object as it is now. */
  ofFollower?: Digests | undefined
}

export interface Evidence {
  key: string
  primary: Copy
  followers: readonly { copy: Copy; recorded: Recorded; wanted: boolean }[]
}

export interface Verdict {
  findings: Finding[]
  /** Of each follower: how it is known that it holds what the primary holds; undefined where it does not. */
  proven: (Grade | undefined)[]
  /** Stores whose copies are right by a digest or by the bytes: what a repair may be made from. */
  proof: string[]
}

export function judge(evidence: Evidence): Verdict {
  const { key, primary, followers } = evidence
  if (!primary.info) {
    const findings = followers.flatMap(({ copy }) =>
      copy.info ? [found.extra(key, primary, copy)] : [],
    )
    return { findings, proven: followers.map(() => undefined), proof: [] }
  }
  const expected = expectedOf(evidence)
  const wrong = primaryFault(evidence, expected)
  const truth = wrong ? healthyContent(evidence, expected) : contentOf(primary)
  const findings: Finding[] = wrong ? [wrong] : []
  const right = wrong ? [] : [primary.store]
  const proof = [...right]
  const proven = followers.map((follower) => {
    const { grade, finding } = judgeFollower(evidence, follower, { expected, truth, wrong })
    if (finding) findings.push(finding)
    else if (grade) right.push(follower.copy.store)
    if (grade && grade !== 'recorded') proof.push(follower.copy.store)
    return wrong || finding ? undefined : grade
  })
  return { findings: findings.map((one) => ({ ...one, right })), proven, proof }
}

interface Standard {
  /** By Skein's own records of this version. */
  expected: Digests
  /** By what is right now. */
  truth: Content | undefined
  wrong: Finding | undefined
}

interface Content {
  size: number
  digests: Digests
  composite: ObjectInfo['composite']
}

/** What Skein has recorded of the very version that the primary holds. */
function expectedOf({ primary, followers }: Evidence): Digests {
  const expected: Digests = {}
  for (const { copy, recorded } of followers) {
    Object.assign(expected, recorded.ofSource)
    const { claim } = copy
    if (claim?.digest && isCopyOf(primary, copy)) {
      expected[claim.digest.algorithm] ??= claim.digest.value
    }
  }
  return expected
}

function isCopyOf(primary: Copy, copy: Copy): boolean {
  return relationOf(primary, copy) === 'current'
}

/** The bytes as they are, where they were read; else as their provider tells. */
function contentOf({ info, read }: Copy): Content {
  const { size = 0, checksums = {}, composite } = info ?? {}
  if (!read) return { size, digests: checksums, composite }
  const isAsTold = compareDigests(read, checksums)?.same !== false
  return { size, digests: isAsTold ? { ...checksums, ...read } : read, composite: undefined }
}

/** Undefined where it cannot be known. */
function same(a: Content, b: Content): boolean | undefined {
  if (a.size !== b.size) return false
  const compared = compareDigests(a.digests, b.digests)
  if (compared) return compared.same
  return sameComposite(a.composite, b.composite) ? true : undefined
}

/** Its provider's own digest says other than its bytes. */
function isRotten({ info, read }: Copy): boolean {
  return read !== undefined && compareDigests(read, info?.checksums ?? {})?.same === false
}

function primaryFault(evidence: Evidence, expected: Digests): Finding | undefined {
  const { key, primary, followers } = evidence
  if (primary.unreadable !== undefined) return found.unreadable(key, primary)
  if (isRotten(primary)) return found.rotten(key, primary)
  const content = contentOf(primary)
  const isOtherSize = followers.some(({ copy }) => {
    return copy.claim && isCopyOf(primary, copy) && copy.claim.size !== content.size
  })
  const byRecord = compareDigests(content.digests, expected)?.same
  if (isOtherSize || byRecord === false) return found.unlikeRecord(key, primary)
  if (hasNoDigests(expected) && isOutvoted(evidence)) return found.outvoted(key, primary)
  return undefined
}

function hasNoDigests(digests: Digests): boolean {
  return Object.keys(digests).length === 0
}

/** Two followers or more that claim this version agree with each other, and not with the primary. */
function isOutvoted({ primary, followers }: Evidence): boolean {
  const voters = followers
    .map(({ copy }) => copy)
    .filter((copy) => copy.info && !isRotten(copy) && copy.unreadable === undefined)
    .filter((copy) => !copy.claim || isCopyOf(primary, copy))
    .map(contentOf)
  const own = contentOf(primary)
  const against = voters.filter((one) => same(one, own) === false)
  const agreeing = against.filter((one) => same(one, against[0]!) === true)
  return agreeing.length >= 2 && agreeing.length * 2 > voters.length + 1
}

/** What the primary should hold, as a follower has it. */
function healthyContent({ primary, followers }: Evidence, expected: Digests): Content | undefined {
  const contents = followers
    .filter(({ copy }) => copy.info && !isRotten(copy) && copy.unreadable === undefined)
    .map(({ copy }) => contentOf(copy))
  // What a provider tells of bytes that it has lost is still what they were.
  const isLost = isRotten(primary) || primary.unreadable !== undefined
  const told = isLost ? { ...primary.info?.checksums, ...expected } : expected
  const known = contents.find(({ digests }) => compareDigests(digests, told)?.same)
  if (known || !hasNoDigests(told)) return known
  return contents.find((one, at) =>
    contents.some((other, index) => index !== at && same(one, other) === true),
  )
}

interface Judged {
  grade?: Grade | undefined
  finding?: Finding | undefined
}

function judgeFollower(
  evidence: Evidence,
  { copy, recorded, wanted }: Evidence['followers'][number],
  { expected, truth, wrong }: Standard,
): Judged {
  const { key, primary } = evidence
  if (!copy.info) return wanted ? { finding: found.missing(key, primary, copy) } : {}
  if (copy.unreadable !== undefined) return { finding: found.unreadable(key, copy) }
  if (isRotten(copy)) return { finding: found.rotten(key, copy) }
  const content = contentOf(copy)
  const byRecord = compareDigests(content.digests, expected)?.same
  const isSame = byRecord ?? (truth && same(content, truth))
  if (isSame) return { grade: gradeOf(primary, copy, wrong !== undefined) }
  if (isSame === undefined) return wrong ? byClaim(primary, copy) : unknown(key, primary, copy)
  return { finding: unlike(evidence, { copy, recorded, isUnlikeRecord: byRecord === false }) }
}

/** The primary is wrong, and nothing can be compared: a copy that says that it is of this version is taken at its word. */
function byClaim(primary: Copy, copy: Copy): Judged {
  const isOfIt = isCopyOf(primary, copy) && copy.claim!.size === copy.info?.size
  return isOfIt ? { grade: 'recorded' } : {}
}

function gradeOf(primary: Copy, copy: Copy, withoutPrimary: boolean): Grade {
  if (withoutPrimary) return copy.read ? 'attested' : 'declared'
  if (copy.read && primary.read) return 'bytes'
  return copy.read || primary.read ? 'attested' : 'declared'
}

interface Unlike {
  copy: Copy
  recorded: Recorded
  /** Skein's record says that it should be something else. */
  isUnlikeRecord: boolean
}

/** It holds other bytes than the primary, whose own are sound as far as anybody can tell. */
function unlike(evidence: Evidence, { copy, recorded, isUnlikeRecord }: Unlike): Finding {
  const { key, primary } = evidence
  const relation = relationOf(primary, copy)
  if (relation === 'newer') return found.newer(key, primary, copy)
  if (relation === 'older') {
    return isAsClaimed(copy) ? found.stale(key, primary, copy) : found.unlikeRecord(key, copy)
  }
  if (isUnlikeRecord || copy.info!.size !== (copy.claim?.size ?? copy.info!.size)) {
    return found.unlikeRecord(key, copy)
  }
  // Its mark names this version, whose bytes the primary's own provider vouches for.
  if (relation === 'current' && isVouchedFor(primary)) return found.unlikeRecord(key, copy)
  const before = recorded.ofFollower
  if (before && compareDigests(contentOf(copy).digests, before)?.same !== false) {
    return found.stale(key, primary, copy)
  }
  if (hasForeignMark(copy)) return found.unlikeRecord(key, copy)
  return isAlone(evidence, copy) ? found.outvoted(key, copy) : found.undecided(key, primary, copy)
}

function isAsClaimed({ info, read, claim, store }: Copy): boolean {
  const { digest, size } = claim!
  const content = contentOf({ store, info, read })
  if (size !== content.size) return false
  const claimed = digest && { [digest.algorithm]: digest.value }
  return compareDigests(content.digests, claimed ?? {})?.same !== false
}

function isVouchedFor({ info }: Copy): boolean {
  return !hasNoDigests(info?.checksums ?? {})
}

/** The primary has another follower's word for what it holds. */
function isAlone({ primary, followers }: Evidence, copy: Copy): boolean {
  const own = contentOf(primary)
  return followers.some((other) => {
    return other.copy.info && other.copy !== copy && same(contentOf(other.copy), own) === true
  })
}

/** A mark that was made for another place: somebody put another object's copy here. */
function hasForeignMark({ info, claim }: Copy): boolean {
  return claim === undefined && info?.metadata['skein_source'] !== undefined
}

/** No digest in common, and nothing was read. */
function unknown(key: string, primary: Copy, copy: Copy): Judged {
  const relation = relationOf(primary, copy)
  if (relation === 'current') return { grade: 'recorded' }
  if (relation === 'older') return { finding: found.stale(key, primary, copy) }
  if (relation === 'newer') return { finding: found.newer(key, primary, copy) }
  return { finding: found.unchecked(key, primary, copy) }
}

type Relation = 'current' | 'older' | 'newer' | 'none'

function relationOf({ origin }: Copy, { claim }: Copy): Relation {
  if (!claim || !origin) return 'none'
  if (sameOrigin(claim.origin, origin)) return 'current'
  // Two clocks say nothing of each other, and some answers tell whole seconds alone.
  const isOfOneStore = claim.origin.store === origin.store
  const isLater = secondOf(claim.origin) > secondOf(origin)
  return isOfOneStore && isLater ? 'newer' : 'older'
}

function secondOf({ modified }: Origin): number {
  return Math.floor(modified / 1000)
}
