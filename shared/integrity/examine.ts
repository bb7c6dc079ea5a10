// One key whose lists and records do not say by themselves that all is well, or whose bytes are due to be read:
// looked at, judged, and looked at once more before anything is held against it, so that nobody who writes
// meanwhile is taken for a fault.

import type { Grade } from '#shared/compare/grade.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { identified } from '#shared/compare/pair.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { Checksum, ListedObject, ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import { driftOf, lookAtTags } from './drift.ts'
import type { Finding, FindingKind } from './findings.ts'
import type { Copy, Recorded, Verdict } from './judge.ts'
import { judge } from './judge.ts'
import type { Looked, Spent } from './look.ts'
import { isSameTime, lookAt, nothingSpent, stillHold } from './look.ts'
import type { Reading } from './piecewise.ts'

/** A key with what is known of it before it is asked for. */
export interface Subject {
  key: string
  /** As each store's listing told it, which is what records are held against. */
  listed: readonly (ListedObject | undefined)[]
  /** Of each pair. */
  records: readonly (PairRecord | undefined)[]
}

export interface Examined {
  findings: Finding[]
  /** What each store holds; nothing of a key that would not hold still. */
  copies: Copy[]
  /** To be kept of each pair; undefined: nothing that holds. */
  records: (PairRecord | undefined)[]
  proven: (Grade | undefined)[]
  /** Stores whose copies are right by a digest or by the bytes. */
  proof: string[]
  /** It changes, or has changed so lately that nothing can be said yet. */
  pending: boolean
  spent: Spent[]
}

export interface ExamineOptions {
  reads: ReadonlySet<number>
  settleSeconds: number
  /** Read already, piece by piece. */
  reading?: Reading | undefined
  /** A store that does not answer for this object has been asked often enough. */
  isLastTry?: boolean | undefined
  signal?: AbortSignal | undefined
}

const LOOKS = 3

export async function examine(
  context: SweepContext,
  subject: Subject,
  options: ExamineOptions,
): Promise<Examined> {
  const spent = context.places.map(nothingSpent)
  for (let look = 1; look <= LOOKS; look++) {
    const looked = await tryLook(context, subject, options)
    if (!looked) continue
    add(spent, looked.spent)
    const examined = await judged(context, subject, looked, { isDeep: isDeep(options), spent })
    if (examined.findings.length === 0) return { ...examined, spent }
    for (const one of spent) one.heads++
    if (await stillHold(context, subject, looked.copies, options)) {
      const isEarly = isRecent(context, looked.copies, options.settleSeconds)
      return isEarly ? withheld(examined, spent) : { ...examined, spent }
    }
  }
  return {
    ...{ findings: [], copies: [], proven: [], proof: [], spent, pending: true },
    records: [...subject.records],
  }
}

function isDeep({ reads, reading }: ExamineOptions): boolean {
  return reads.size > 0 || reading !== undefined
}

/** Undefined when it changed while it was read. */
async function tryLook(
  context: SweepContext,
  subject: Subject,
  { reads, reading, isLastTry, signal }: ExamineOptions,
): Promise<Looked | undefined> {
  const algorithms = subject.records.flatMap((record): DigestAlgorithm[] =>
    record?.digest ? [record.digest.algorithm] : [],
  )
  try {
    return await lookAt(context, subject, { reads, reading, algorithms, isLastTry, signal })
  } catch (error) {
    if (isStorageError(error, 'precondition')) return undefined
    throw error
  }
}

/** Of something that was written just now the other stores may not have heard yet; what has rotted is not early. */
function isRecent({ now }: SweepContext, copies: readonly Copy[], settleSeconds: number): boolean {
  const newest = Math.max(...copies.map(({ info }) => info?.modified.getTime() ?? 0))
  return settleSeconds > 0 && now() - newest < settleSeconds * 1000
}

/** What is wrong whenever it was written. */
const NEVER_EARLY: ReadonlySet<FindingKind> = new Set(['corrupt', 'unreadable', 'unchecked'])

function withheld(examined: Omit<Examined, 'spent'>, spent: Spent[]): Examined {
  const primary = examined.copies[0]?.store
  // Copies that have not heard of a new version of the primary's yet are a majority, too.
  const findings = examined.findings.filter(({ kind, by, store }) => {
    return NEVER_EARLY.has(kind) && !(by === 'majority' && store === primary)
  })
  return { ...examined, spent, findings, pending: findings.length < examined.findings.length }
}

interface Judging {
  /** Bytes are read, so what costs a request more is asked for too. */
  isDeep: boolean
  spent: Spent[]
}

async function judged(
  context: SweepContext,
  subject: Subject,
  { copies }: Looked,
  judging: Judging,
): Promise<Omit<Examined, 'spent'>> {
  const { key } = subject
  const [primary, ...others] = copies
  if (!primary) throw new Error('a sweep has at least one store')
  const alone = others.length === 0
  const recorded = subject.records.map((record, at) =>
    recordedOf(record, primary.info, (alone ? primary : others[at]!).info),
  )
  const followers = others.map((copy, at) => {
    return { copy, recorded: recorded[at] ?? {}, wanted: isWanted(context, primary.info) }
  })
  const verdict = alone
    ? judgeAlone(key, primary, recorded[0] ?? {})
    : judge({ key, primary, followers })
  const { proven, proof } = verdict
  const findings = await withoutDeleted(context, verdict.findings)
  const drift = alone ? [] : await driftFindings(context, key, { proven, copies }, judging)
  const records = subject.records.map((before, at) => {
    const grade = proven[at]
    const to = alone ? primary : others[at]!
    if (!primary.info || !to.info) return undefined
    // What is wrong is held against the same record the next time.
    if (!grade || drift.some(({ store }) => store === to.store)) return before
    const listed = [subject.listed[0], subject.listed[alone ? 0 : at + 1]] as const
    const pair = { from: primary, to, listed, recorded: recorded[at] }
    return recordOf({ context, key, grade, before, ...pair })
  })
  return {
    findings: [...findings, ...drift],
    copies: [...copies],
    proven,
    proof,
    pending: false,
    records,
  }
}

/** One store by itself: its bytes against its provider's digest and against what was recorded of them. */
function judgeAlone(key: string, copy: Copy, recorded: Recorded): Verdict {
  if (!copy.info) return { findings: [], proven: [undefined], proof: [] }
  const itself = { copy, recorded, wanted: false }
  const { findings } = judge({
    key,
    primary: copy,
    followers: [{ ...itself, copy: { ...copy, info: undefined } }],
  })
  if (findings.length > 0) return { findings, proven: [undefined], proof: [] }
  const isHeld = Object.keys({ ...copy.info.checksums, ...recorded.ofSource }).length > 0
  return { findings, proven: [copy.read && isHeld ? 'attested' : 'recorded'], proof: [] }
}

/** What the record still says of objects that are as it knew them. */
function recordedOf(
  record: PairRecord | undefined,
  from: ObjectInfo | undefined,
  to: ObjectInfo | undefined,
): Recorded {
  const digest: Digests | undefined = record?.digest && {
    [record.digest.algorithm]: record.digest.value,
  }
  if (!record || !digest) return {}
  return {
    ...(from && isOf(record.from, from) && { ofSource: digest }),
    ...(to && isOf(record.to, to) && { ofFollower: digest }),
  }
}

function isOf({ etag, modified }: PairRecord['from'], info: ObjectInfo): boolean {
  if (info.etag !== etag) return false
  // A listing tells thousandths of a second that a HEAD does not.
  return modified === undefined || isSameTime(new Date(modified), info.modified)
}

function isWanted({ copies }: SweepContext, source: ObjectInfo | undefined): boolean {
  return !source || !copies || copies.wanted(source)
}

/** A deletion that Skein knows of is on its way to the replicas, or is kept from them. */
async function withoutDeleted(
  context: SweepContext,
  findings: readonly Finding[],
): Promise<Finding[]> {
  const kept: Finding[] = []
  for (const finding of findings) {
    if (finding.kind !== 'extra') kept.push(finding)
    else if (!(await context.copies?.deleted(finding.key)))
      kept.push(await withDeletion(context, finding))
  }
  return kept
}

/** A store that keeps versions says itself whether somebody deleted it there. */
async function withDeletion({ places }: SweepContext, finding: Finding): Promise<Finding> {
  const [primary] = places
  if (!primary?.store.capabilities.versions) return finding
  const prefix = keyAt(primary, finding.key)
  // Whoever may not list versions learns nothing more.
  const listing = primary.store.groups.versions.list({ prefix, limit: 1 }).catch(refusedAlone)
  const { versions = [] } = (await listing) ?? {}
  const marker = versions.find((one) => one.key === prefix && one.latest && one.deleted)
  if (!marker) return finding
  const reason = `It was deleted at ${primary.store.name} on ${marker.modified.toISOString()}, and ${finding.store} has not heard of it.`
  return { ...finding, reason }
}

function refusedAlone(error: unknown): undefined {
  if (!isStorageError(error) || error.retry !== 'never') throw error
  return undefined
}

async function driftFindings(
  context: SweepContext,
  key: string,
  { proven, copies }: { proven: readonly (Grade | undefined)[]; copies: readonly Copy[] },
  { isDeep: readsToo, spent }: Judging,
): Promise<Finding[]> {
  const [{ info: source, store: from }, ...others] = copies as [Copy, ...Copy[]]
  const infos = copies.map(({ info }) => info)
  const tags = readsToo ? lookAtTags(context, key, infos, spent) : undefined
  const found: Finding[] = []
  for (const [at, { store, info }] of others.entries()) {
    if (!proven[at] || !source || !info) continue
    const number = at + 1
    const beside = driftOf(source, info, context.places[number]!.store)
    const differs = tags ? [...beside, ...(await tags.driftOf(number))] : beside
    if (differs.length === 0) continue
    const what = differs.slice(0, 5).join(', ')
    const reason = `${store} has the bytes of ${from}, but not its ${what}.`
    found.push({ kind: 'metadata', key, store, reason, right: [from] })
  }
  return found
}

interface Recording {
  context: SweepContext
  key: string
  grade: Grade
  before: PairRecord | undefined
  from: Copy
  to: Copy
  listed: readonly [ListedObject | undefined, ListedObject | undefined]
  recorded: Recorded | undefined
}

/** Undefined where they are not what was listed any more. */
function recordOf(recording: Recording): PairRecord | undefined {
  const { context, key, grade, before, from, to, listed, recorded } = recording
  const [source, there] = listed
  if (!source || !there) return undefined
  if (source.etag !== from.info?.etag || there.etag !== to.info?.etag) return undefined
  // What was recorded of this very pair stays, where nothing better is known now.
  const stands = recorded?.ofSource !== undefined && recorded.ofFollower !== undefined
  const digest = digestOf(from, to) ?? (recorded?.ofSource ? before?.digest : undefined)
  const isRead = from.read !== undefined || to.read !== undefined
  const verified = isRead ? context.now() : stands ? before?.verified : undefined
  return {
    ...{ key, size: source.size, from: identified(source), to: identified(there), grade },
    ...(digest && { digest }),
    ...(verified !== undefined && { verified }),
  }
}

/** Of bytes that were read, else of what a provider tells of the whole; one that many can be asked for first. */
function digestOf(from: Copy, to: Copy): Checksum | undefined {
  const known: Digests = {
    ...to.info?.checksums,
    ...from.info?.checksums,
    ...to.read,
    ...from.read,
  }
  const algorithm = (['sha256', 'crc64nvme', 'crc32c', 'md5', 'sha1', 'crc32'] as const).find(
    (one) => known[one] !== undefined,
  )
  return algorithm && { algorithm, value: known[algorithm]! }
}

function add(sum: Spent[], more: readonly Spent[]): void {
  for (const [at, { heads, gets, bytes }] of more.entries()) {
    const one = sum[at]!
    one.heads += heads
    one.gets += gets
    one.bytes += bytes
  }
}
