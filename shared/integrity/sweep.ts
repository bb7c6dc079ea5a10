// One step of a sweep over a range of keys. Where lists and records agree nothing is asked; what they leave open is
// looked at, and what is due is read. Findings, counts and the key that was come to are kept together, so that
// whoever goes on from there neither loses a finding nor tells it twice.

import type { KeyRange } from '#shared/compare/listing.ts'
import type { Part, Step } from '#shared/jobs/job.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { SweepContext } from './context.ts'
import type { ReadPrice } from './costs.ts'
import type { Oldest } from './counts.ts'
import { Counts } from './counts.ts'
import type { CoveragePlan } from './coverage.ts'
import type { Finding } from './findings.ts'
import { COVERAGE_DAYS } from './rules.ts'
import type { VerifyInput } from './input.ts'
import { createKeeper } from './keeper.ts'
import type { Reading } from './piecewise.ts'
import { eachInOrder, slicesOf } from './pool.ts'
import type { Outcome, Progress } from './row.ts'
import { createRowLook, isCut } from './row.ts'
import type { SweepRow } from './rows.ts'
import { restOf, rowsOf } from './rows.ts'

export interface SweepPart {
  range: KeyRange
  /** Billionths of a dollar that it may spend on reading. */
  nano?: number | undefined
}

export interface SweepCursor {
  after?: string | undefined
  oldest?: Oldest | undefined
  /** A large object that comes next, and how much of it is read. */
  reading?: Reading | undefined
  /** A key that a store would not answer for, and how often it was asked. */
  stuck?: Stuck | undefined
  /** How many keys in a row were given up for that. */
  givenUp?: number | undefined
}

export interface Stuck {
  key: string
  tries: number
}

/** What a finding needs to be mended: kept beside it. */
export interface Found {
  finding: Finding
  records: readonly (PairRecord | undefined)[]
  /** Of the largest copy. */
  size: number
}

export interface SweepJob {
  context: SweepContext
  input: VerifyInput
  prices: readonly ReadPrice[]
  /** Of a deep sweep. */
  plan: CoveragePlan | undefined
  log: ((line: string) => void) | undefined
  /** What is larger is read in pieces, over as many steps as it takes. */
  piecewiseBytes: number
}

export type SweepingPart = Part<SweepPart, SweepCursor>

const AT_ONCE = 16
/** What was found out of so many rows is put away before the next are looked at. */
const SLICE_ROWS = 128
const STEP_ROWS = 200_000
const UNCHECKED_SHOWN = 50
const DAY = 86_400_000
/** A store that does not answer is given so long before it is asked for the same object again. */
const STUCK_SECONDS = 30

export async function sweepStep(job: SweepJob, part: SweepingPart): Promise<Step<SweepCursor>> {
  const { context } = job
  const after = part.cursor?.after
  const rest = restOf(part.of.range, after, after !== undefined && context.order.isStray(after))
  const counts = createCounts(job, part)
  const keeper = createKeeper(context.records, rest)
  const progress: Progress = { givenUp: part.cursor?.givenUp ?? 0 }
  const look = createRowLook(job, part, counts, progress)
  const take = createTake(part, counts)
  let last: string | undefined
  let rows = 0

  const leave = async (cut?: Outcome): Promise<Step<SweepCursor>> => {
    if (last !== undefined) await keeper.commit(last)
    const { reading, stuck } = cut ?? {}
    const { givenUp } = progress
    const cursor = { after: last ?? after, oldest: counts.oldest, reading, stuck, givenUp }
    return { cursor, tally: counts.tally, ...(stuck && { delaySeconds: STUCK_SECONDS }) }
  }

  try {
    for await (const page of pagesOf(job, part, rest, counts)) {
      for (const slice of slicesOf(page, SLICE_ROWS)) {
        const done = await eachInOrder(slice, AT_ONCE, look, part.mayGoOn)
        const cut = done.find(isCut)
        const whole = cut ? done.indexOf(cut) : done.length
        for (let at = 0; at < whole; at++) {
          const row = slice[at]!
          take(row, done[at]!)
          await keeper.keep(row, done[at]!.records)
          last = row.key
        }
        rows += whole
        const isOver = whole < slice.length || rows >= STEP_ROWS || !part.mayGoOn()
        if (isOver && (last !== undefined || cut)) return await leave(cut)
      }
    }
  } catch (error) {
    // What was found out by then is not found out, and paid for, again.
    if (last === undefined || !isStorageError(error) || error.retry === 'never') throw error
    return leave()
  }
  await keeper.commit(undefined)
  if (counts.oldest) part.note('oldest', counts.oldest)
  return { tally: counts.tally }
}

function pagesOf(
  { context, log }: SweepJob,
  part: SweepingPart,
  range: KeyRange,
  counts: Counts,
): AsyncGenerator<SweepRow[]> {
  return rowsOf(context, {
    ...{ range, signal: part.signal },
    onPage: (store) => counts.listed(store),
    onUnreadable(error) {
      counts.count('records-unreadable')
      log?.(`The records of a pair cannot be read: ${String(error)}`)
    },
  })
}

function createCounts({ context, prices, input }: SweepJob, { tally, cursor }: SweepingPart) {
  const [primary, ...others] = context.places.map(({ store }) => store.name)
  const days = input.coverageDays ?? COVERAGE_DAYS
  return new Counts({
    prices,
    followers: others.length > 0 ? others : [primary!],
    lateBefore: context.now() - days * DAY,
    spentBefore: tally['nano.read'] ?? 0,
    oldest: cursor?.oldest,
  })
}

/** Counts what came of a row, and keeps what was found. */
function createTake(part: SweepingPart, counts: Counts) {
  let unchecked = 0
  return (row: SweepRow, outcome: Outcome): void => {
    counts.add(row, outcome)
    if (outcome.findings.length === 0) return
    const size = Math.max(...row.objects.map((one) => one?.size ?? 0))
    for (const finding of outcome.findings) {
      // What cannot be known of very many is counted, and shown of some.
      if (finding.kind === 'unchecked' && ++unchecked > UNCHECKED_SHOWN) continue
      part.note('findings', { finding, records: outcome.records, size } satisfies Found)
    }
  }
}
