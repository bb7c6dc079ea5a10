// What a sweep makes of one row: nothing, where lists and records say that all is well; a look by HEADs, where they
// leave it open; a reading of the bytes, where these are due and the budget allows it.

import { compareDigests } from '#shared/compare/digests.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { Pair, PairRecord } from '#shared/compare/pair.ts'
import { classify, identified } from '#shared/compare/pair.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { SweepContext } from './context.ts'
import { cheapestOf, costOfReading } from './costs.ts'
import type { Counted, Counts } from './counts.ts'
import { isDue, wishOf } from './coverage.ts'
import type { Examined, ExamineOptions } from './examine.ts'
import { examine } from './examine.ts'
import type { Finding } from './findings.ts'
import type { VerifyInput } from './input.ts'
import { nothingSpent } from './look.ts'
import type { Reading } from './piecewise.ts'
import { bytesThrough, isThrough, pieceBytesOf, readOn, takeUp } from './piecewise.ts'
import type { SweepRow } from './rows.ts'
import { holding } from './rows.ts'
import type { Stuck, SweepJob, SweepingPart } from './sweep.ts'

export interface Outcome extends Counted {
  /** The time was up before all of it was read: nothing is known yet. */
  reading?: Reading | undefined
  /** A store would not answer for it. */
  stuck?: Stuck | undefined
}

/** After so many tries an object that a store does not answer for cannot be read. */
const STUCK_TRIES = 4
/** After so many of these in a row it is the store that does not answer, and not the objects that are at fault. */
const MOST_GIVEN_UP = 3

export const isCut = ({ reading, stuck }: Outcome): boolean =>
  reading !== undefined || stuck !== undefined

interface Looker {
  job: SweepJob
  part: SweepingPart
  counts: Counts
  readLarge: ReadLarge
  progress: Progress
}

/** What a step has come to within its rows. */
export interface Progress {
  /** What is read of the large object in hand, beyond what the last step left. */
  reading?: Reading | undefined
  /** So many objects in a row were given up, since their store did not answer. */
  givenUp: number
}

export function createRowLook(
  job: SweepJob,
  part: SweepingPart,
  counts: Counts,
  progress: Progress,
): (row: SweepRow) => Outcome | Promise<Outcome> {
  const readLarge = oneByOne((row, reads, how) =>
    readInPieces(job, part, row, { reads, counts, progress, ...how }),
  )
  const looker = { job, part, counts, readLarge, progress }
  return (row) => {
    if (row.objects.every((one) => one === undefined)) return known([])
    if (isPassedOver(job.input, row)) return { ...known(row.records), proven: [] }
    const due = dueOf(job, part, row, counts)
    if (due) return lookOrWait(looker, row, due)
    const told = byLists(job.context, row)
    return told ? known(told) : lookOrWait(looker, row, NOTHING_DUE)
  }
}

function known(records: SweepRow['records']): Outcome {
  const proven = records.map((record) => record?.grade)
  return { findings: NONE, proven, records, pending: false, archived: false }
}

const NONE: readonly Finding[] = []

function isPassedOver({ since }: VerifyInput, { objects }: SweepRow): boolean {
  if (since === undefined) return false
  const begin = Date.parse(since)
  return objects.every((one) => one === undefined || one.modified.getTime() < begin)
}

/** The records, where lists and rules leave nothing open; those that lists alone can tell are added. */
function byLists({ places, copies }: SweepContext, row: SweepRow): SweepRow['records'] | undefined {
  const { objects, records } = row
  const alone = places.length === 1
  let told: (PairRecord | undefined)[] | undefined
  for (const [at, record] of records.entries()) {
    const pair = { from: objects[0], to: objects[alone ? 0 : at + 1], record }
    const state = classify(pair)
    if (state === 'same' || (state === 'extra' && copies?.keepsDeleted === true)) continue
    if (state === 'new' && copies?.wanted(objects[0]!) === false) continue
    const declared = alone ? undefined : declaredBy(row.key, pair)
    if (!declared) return undefined
    told ??= [...records]
    told[at] = declared
  }
  return told ?? records
}

/** Of a pair that nobody has looked at yet, where both lists tell one digest. */
function declaredBy(key: string, { from, to, record }: Pair): PairRecord | undefined {
  if (record || !from || !to || from.size !== to.size) return undefined
  const compared = compareDigests(from.checksums ?? {}, to.checksums ?? {})
  if (!compared?.same) return undefined
  const { algorithm } = compared
  const digest = { algorithm, value: from.checksums![algorithm]! }
  const sides = { from: identified(from), to: identified(to) }
  return { key, size: from.size, ...sides, digest, grade: 'declared' }
}

interface Due {
  /** The stores whose bytes are to be read now. */
  reads: ReadonlySet<number>
  /** What was promised for it. */
  nano: number
}

const NOTHING_DUE: Due = { reads: new Set(), nano: 0 }

/** As far as the budget goes; undefined: nothing is due. */
function dueOf(job: SweepJob, part: SweepingPart, row: SweepRow, counts: Counts): Due | undefined {
  const { plan, input, prices } = job
  const [primary] = row.objects
  if (!plan || !primary) return undefined
  const wish = wishOf(input, plan.now)
  const records = holding(row)
  if (!isDue({ key: row.key, modified: primary.modified.getTime(), records }, wish, plan))
    return undefined
  const held = [...row.objects.keys()].filter((at) => row.objects[at] !== undefined)
  const reads = input.read === 'cheapest' ? [cheapestOf(prices, held)] : held
  // What is begun is paid for in part, and worth nothing before its end.
  if (part.cursor?.reading?.key === row.key) return { reads: new Set(reads), nano: 0 }
  const nano = costOfReading(prices, reads, row.objects)
  return counts.maySpend(nano, part.of.nano) ? { reads: new Set(reads), nano } : undefined
}

/** What a store does not answer for is left for a while, and said to be unreadable in the end. */
async function lookOrWait(looker: Looker, row: SweepRow, due: Due): Promise<Outcome> {
  const { stuck, reading: begun } = looker.part.cursor ?? {}
  const { progress } = looker
  const tries = stuck?.key === row.key ? stuck.tries : 0
  const isLastTry = tries >= STUCK_TRIES - 1
  try {
    const outcome = await lookAtRow(looker, row, due, isLastTry)
    const isGivenUp = isLastTry && outcome.findings.some(({ kind }) => kind === 'unreadable')
    progress.givenUp = isGivenUp ? progress.givenUp + 1 : 0
    return outcome
  } catch (error) {
    if (!isStorageError(error) || error.retry === 'never') throw error
    if (progress.givenUp >= MOST_GIVEN_UP) throw error
    const { reading } = progress
    // Whoever gets on is not stuck.
    const isOn = reading?.key === row.key
    const kept = isOn ? reading : begun?.key === row.key ? begun : undefined
    return {
      ...known(row.records),
      reading: kept,
      stuck: { key: row.key, tries: isOn ? 1 : tries + 1 },
    }
  } finally {
    looker.counts.settle(due.nano)
  }
}

async function lookAtRow(
  { job, part, counts, readLarge }: Looker,
  row: SweepRow,
  due: Due,
  isLastTry: boolean,
): Promise<Outcome> {
  const { context, input, piecewiseBytes } = job
  const { settleSeconds = context.copies?.settleSeconds ?? 0 } = input
  const isLarge = row.objects.some((one) => (one?.size ?? 0) > piecewiseBytes)
  const subject = { key: row.key, listed: row.objects, records: row.records }
  const look = async (reads: ReadonlySet<number>): Promise<Examined | Reading> => {
    const options: ExamineOptions = { reads, settleSeconds, isLastTry, signal: part.signal }
    if (isLarge && reads.size > 0) {
      const reading = await readLarge(row, reads, isLastTry)
      if (reading && !isThrough(reading)) return reading
      Object.assign(options, { reads: NOTHING_DUE.reads, reading })
    }
    const examined = await examine(context, subject, options)
    counts.spend(examined.spent)
    return examined
  }
  const first = await look(due.reads)
  if (!('proven' in first)) return { ...known(row.records), reading: first }
  const isOneSided = due.reads.size > 0 && due.reads.size < context.places.length
  if (!isOneSided || !first.findings.some(isAboutBytes)) return outcomeOf(first, due.reads)
  // Which side is wrong only the others can tell.
  const all = new Set(context.places.keys())
  const second = await look(all)
  return 'proven' in second ? outcomeOf(second, all) : { ...known(row.records), reading: second }
}

function outcomeOf(
  { findings, records, proven, copies, pending }: Examined,
  reads: ReadonlySet<number>,
): Outcome {
  const archived = [...reads].some((at) => copies[at]?.info?.archived === true && !copies[at].read)
  const grades: (Grade | undefined)[] = pending ? [] : proven
  return { findings, records, proven: grades, pending, archived }
}

function isAboutBytes({ kind }: Finding): boolean {
  return kind === 'corrupt' || kind === 'differs'
}

type ReadLarge = (
  row: SweepRow,
  reads: ReadonlySet<number>,
  isLastTry: boolean,
) => Promise<Reading | undefined>

interface How {
  isLastTry: boolean
  /** Of this step: some of it is read in any case, so that whoever comes again gets on. */
  isFirst: boolean
}

type ReadNext = (
  row: SweepRow,
  reads: ReadonlySet<number>,
  how: How,
) => Promise<Reading | undefined>

/** The next begins when the one before is through: what several have begun could not all be kept. */
function oneByOne(work: ReadNext): ReadLarge {
  let before: Promise<unknown> | undefined
  return (row, reads, isLastTry) => {
    const how = { isLastTry, isFirst: before === undefined }
    const next = (before ?? Promise.resolve()).then(() => work(row, reads, how))
    before = next.catch(() => undefined)
    return next
  }
}

interface ReadingRow extends How {
  reads: ReadonlySet<number>
  counts: Counts
  progress: Progress
}

/** As far as the time goes. Undefined: it changes too often to be read. */
async function readInPieces(
  { context, piecewiseBytes }: SweepJob,
  { cursor, mayGoOn, signal }: SweepingPart,
  { key, objects }: SweepRow,
  { reads, counts, progress, isFirst, isLastTry }: ReadingRow,
): Promise<Reading | undefined> {
  const begun = takeUp(cursor?.reading, key, objects, reads)
  if (!isFirst && !mayGoOn()) return begun
  const spent = context.places.map(nothingSpent)
  const pieceBytes = pieceBytesOf(piecewiseBytes)
  const onProgress = (reading: Reading) => {
    if (bytesThrough(reading) > bytesThrough(begun)) progress.reading = reading
  }
  try {
    const options = { pieceBytes, spent, mayGoOn, onProgress, isLastTry, signal }
    return await readOn(context, begun, options)
  } finally {
    counts.spend(spent)
  }
}
