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
}

export function judge(evidence: Evidence): Verdict {
  const { key, primary, followers } = evidence
  if (!primary.info) {
    const findings = followers.flatMap(({ copy }) => (copy.info ? [extra(key, primary, copy)] : []))
    return { findings, proven: followers.map(() => undefined) }
  }
  const expected = expectedOf(evidence)
  const wrong = primaryFault(evidence, expected)
  const right = wrong ? [] : [primary.store]
  const findings: Finding[] = wrong ? [wrong] : unread(key, primary)
  const truth = wrong ? healthyContent(evidence, expected) : contentOf(primary)
  const proven = followers.map((follower) => {
    const { grade, finding } = judgeFollower(evidence, follower, { expected, truth, wrong })
    if (finding) findings.push(finding)
    else if (grade) right.push(follower.copy.store)
    return wrong || finding ? undefined : grade
  })
  return { findings: findings.map((one) => ({ ...one, right })), proven }
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
    const isOfIt = claim && primary.origin && sameOrigin(claim.origin, primary.origin)
    if (isOfIt && claim.digest) expected[claim.digest.algorithm] ??= claim.digest.value
  }
  return expected
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
  const { key, primary } = evidence
  if (primary.unreadable !== undefined) return unreadable(key, primary)
  if (isRotten(primary)) return rotten(key, primary)
  const content = contentOf(primary)
  if (compareDigests(content.digests, expected)?.same === false) return unlikeRecord(key, primary)
  if (hasNoDigests(expected) && isOutvoted(evidence)) return outvoted(key, primary)
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
    .filter(({ claim }) => !claim || (primary.origin && sameOrigin(claim.origin, primary.origin)))
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
  if (!copy.info) return wanted ? { finding: missing(key, primary, copy) } : {}
  if (copy.unreadable !== undefined) return { finding: unreadable(key, copy) }
  if (isRotten(copy)) return { finding: rotten(key, copy) }
  const content = contentOf(copy)
  const byRecord = compareDigests(content.digests, expected)?.same
  const isSame = byRecord ?? (truth && same(content, truth))
  if (isSame) return { grade: gradeOf(primary, copy, wrong !== undefined) }
  if (isSame === undefined) return wrong ? byClaim(primary, copy) : unknown(key, primary, copy)
  const about = { primary, copy, recorded, hasRecord: byRecord === false }
  return { finding: unlike(evidence, about) }
}

/** The primary is wrong, and nothing can be compared: a copy that says that it is of this version is taken at its word. */
function byClaim(primary: Copy, copy: Copy): Judged {
  const isOfIt = relationOf(primary, copy) === 'current' && copy.claim!.size === copy.info?.size
  return isOfIt ? { grade: copy.read ? 'attested' : 'recorded' } : {}
}

function gradeOf(primary: Copy, copy: Copy, withoutPrimary: boolean): Grade {
  if (copy.read && (primary.read || withoutPrimary)) return primary.read ? 'bytes' : 'attested'
  return copy.read || primary.read ? 'attested' : 'declared'
}

interface Unlike {
  primary: Copy
  copy: Copy
  recorded: Recorded
  /** Skein's record says what it should be. */
  hasRecord: boolean
}

/** It holds other bytes than the primary, whose own are sound as far as anybody can tell. */
function unlike(evidence: Evidence, { primary, copy, recorded, hasRecord }: Unlike): Finding {
  const { key, followers } = evidence
  const relation = relationOf(primary, copy)
  const content = contentOf(copy)
  if (relation === 'older') {
    const { claim } = copy
    const kept = claim!.digest && { [claim!.digest.algorithm]: claim!.digest.value }
    const isKept =
      claim!.size === content.size && compareDigests(content.digests, kept ?? {})?.same !== false
    return isKept ? stale(key, primary, copy) : unlikeRecord(key, copy)
  }
  if (relation === 'current' || hasRecord) return unlikeRecord(key, copy)
  const before = recorded.ofFollower
  if (before && compareDigests(content.digests, before)?.same !== false) {
    return stale(key, primary, copy)
  }
  if (hasForeignMark(copy)) return unlikeRecord(key, copy)
  const own = contentOf(primary)
  const isAlone = followers.some((other) => {
    return other.copy.info && other.copy !== copy && same(contentOf(other.copy), own) === true
  })
  return isAlone ? outvoted(key, copy) : undecided(key, primary, copy)
}

/** A mark that was made for another place: somebody put another object's copy here. */
function hasForeignMark({ info, claim }: Copy): boolean {
  return claim === undefined && info?.metadata['skein_source'] !== undefined
}

/** No digest in common, and nothing was read. */
function unknown(key: string, primary: Copy, copy: Copy): Judged {
  const relation = relationOf(primary, copy)
  if (relation === 'current') return { grade: 'recorded' }
  if (relation === 'older') return { finding: stale(key, primary, copy) }
  const reason = `${primary.store} and ${copy.store} tell no digest of one kind for it, so only reading could say; sizes are equal.`
  return { finding: { kind: 'unchecked', key, store: copy.store, grade: 'size', reason } }
}

function relationOf(primary: Copy, { claim }: Copy): 'current' | 'older' | 'none' {
  if (!claim || !primary.origin) return 'none'
  return sameOrigin(claim.origin, primary.origin) ? 'current' : 'older'
}

function of(copy: Copy): Pick<Finding, 'store' | 'size' | 'grade'> {
  const { store, info, read } = copy
  return { store, size: info?.size, grade: read ? 'bytes' : 'declared' }
}

function unread(key: string, { store, unreadable: why }: Copy): Finding[] {
  return why === undefined ? [] : [{ kind: 'unreadable', key, store, reason: why }]
}

function extra(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${primary.store} has no such object, and nothing says that it was deleted there.`
  return { ...of(copy), kind: 'extra', key, reason, grade: undefined }
}

function missing(key: string, primary: Copy, { store }: Copy): Finding {
  const reason = `${store} has no such object, which ${primary.store} has had since ${primary.info!.modified.toISOString()}.`
  return { kind: 'missing', key, store, reason }
}

function unreadable(key: string, copy: Copy): Finding {
  return { kind: 'unreadable', key, store: copy.store, reason: copy.unreadable! }
}

function rotten(key: string, copy: Copy): Finding {
  const reason = `The bytes that ${copy.store} gives are not those of its own digest.`
  return { ...of(copy), kind: 'corrupt', key, reason }
}

function unlikeRecord(key: string, copy: Copy): Finding {
  const reason = `What ${copy.store} holds is not what Skein recorded of this version.`
  return { ...of(copy), kind: 'corrupt', key, reason }
}

function outvoted(key: string, copy: Copy): Finding {
  const reason = `The other stores agree with each other, and not with ${copy.store}.`
  return { ...of(copy), kind: 'corrupt', key, reason }
}

function stale(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${copy.store} holds a copy of an older version than ${primary.store}.`
  return { ...of(copy), kind: 'stale', key, reason }
}

function undecided(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${copy.store} and ${primary.store} hold different bytes, and no record says which are right.`
  return { ...of(copy), kind: 'differs', key, reason }
}
