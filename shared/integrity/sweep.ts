// One step of a sweep over a range of keys. Where lists and records agree nothing is asked; what they leave open is
// looked at, and what is due is read. Findings, counts and the key that was come to are kept together, so that
// whoever goes on from there neither loses a finding nor tells it twice.

import type { KeyRange } from '#shared/compare/listing.ts'
import type { Pair, PairRecord } from '#shared/compare/pair.ts'
import { classify } from '#shared/compare/pair.ts'
import type { PairWriter } from '#shared/compare/pair-records.ts'
import type { Part, Step, Tally } from '#shared/jobs/job.ts'
import type { SweepContext } from './context.ts'
import type { ReadPrice } from './costs.ts'
import { cheapestOf, readingCost, spentOn } from './costs.ts'
import type { CoveragePlan } from './coverage.ts'
import { isDue, verifiedAt, wishOf } from './coverage.ts'
import type { Examined } from './examine.ts'
import { examine } from './examine.ts'
import type { Finding } from './findings.ts'
import { COVERAGE_DAYS } from './rules.ts'
import type { VerifyInput } from './input.ts'
import type { Spent } from './look.ts'
import type { Reading } from './piecewise.ts'
import { PIECE_BYTES, isThrough, readPiece, takeUp } from './piecewise.ts'
import { eachInOrder } from './pool.ts'
import type { SweepRow } from './rows.ts'
import { boundsOf, restOf, rowsOf } from './rows.ts'

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
}

/** The object whose bytes nobody has looked at for longest. */
export interface Oldest {
  key: string
  /** In milliseconds since the epoch; of one that was never read, when it was written. */
  since: number
  never: boolean
}

/** What a finding needs to be mended: kept beside it. */
export interface Found {
  finding: Finding
  records: readonly (PairRecord | undefined)[]
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

/** A minute's reading or less, so that no step outlives its time by much. */
export const PIECEWISE_BYTES = 2 ** 30
const AT_ONCE = 16
const STEP_ROWS = 200_000
const UNCHECKED_SHOWN = 50
const DAY = 86_400_000

type Row = SweepRow
type SweepingPart = Part<SweepPart, SweepCursor>

export async function sweepStep(job: SweepJob, part: SweepingPart): Promise<Step<SweepCursor>> {
  const { context, log } = job
  const { range } = part.of
  const after = part.cursor?.after
  const rest = restOf(range, after, after !== undefined && context.order.isStray(after))
  const counts = new Counts(job, part)
  const keeper = createKeeper(context, rest)
  let rows = 0
  let unchecked = 0
  let last: string | undefined
  const pages = rowsOf(context, {
    ...{ range: rest, signal: part.signal },
    onPage: (store) => counts.listed(store),
    onUnreadable: (error) => log?.(`The records of a pair cannot be read: ${String(error)}`),
  })
  const readLarge = oneByOne((row: Row, reads: ReadonlySet<number>) =>
    readInPieces(job, part, row, { reads, counts }),
  )
  const look = (row: Row) => lookAtRow(job, part, row, { counts, readLarge })
  for await (const page of pages) {
    const done = await eachInOrder(page, AT_ONCE, look, part.mayGoOn)
    const cut = done.findIndex(({ reading }) => reading !== undefined)
    const whole = cut < 0 ? done : done.slice(0, cut)
    for (const [at, outcome] of whole.entries()) {
      const row = page[at]!
      counts.add(row, outcome)
      await keeper.keep(row, outcome.records)
      for (const finding of outcome.findings) {
        // What cannot be known of very many is counted, and shown of some.
        if (finding.kind === 'unchecked' && ++unchecked > UNCHECKED_SHOWN) continue
        part.note('findings', { finding, records: outcome.records } satisfies Found)
      }
      last = row.key
    }
    rows += whole.length
    const { reading } = done[cut] ?? {}
    const isOver = whole.length < page.length || rows >= STEP_ROWS || !part.mayGoOn()
    if (!isOver || (last === undefined && !reading)) continue
    if (last !== undefined) await keeper.commit(last)
    const { oldest, tally } = counts
    return { cursor: { after: last ?? after, oldest, reading }, tally }
  }
  await keeper.commit(undefined)
  if (counts.oldest) part.note('oldest', counts.oldest)
  return { tally: counts.tally }
}

interface Outcome {
  findings: readonly Finding[]
  records: readonly (PairRecord | undefined)[]
  /** How each pair is known, where it was looked at now. */
  examined?: Examined | undefined
  /** The time was up before all of it was read: nothing is known yet. */
  reading?: Reading | undefined
}

type ReadLarge = (row: Row, reads: ReadonlySet<number>) => Promise<Reading | undefined>

/** The next begins when the one before is through: what several have begun could not all be kept. */
function oneByOne(work: ReadLarge): ReadLarge {
  let before: Promise<unknown> = Promise.resolve()
  return (row, reads) => {
    const next = before.then(() => work(row, reads))
    before = next.catch(() => undefined)
    return next
  }
}

/** As far as the time goes, and one piece in any case. Undefined: it changes too often to be read. */
async function readInPieces(
  { context, piecewiseBytes }: SweepJob,
  part: SweepingPart,
  { key, objects }: Row,
  { reads, counts }: { reads: ReadonlySet<number>; counts: Counts },
): Promise<Reading | undefined> {
  let reading: Reading | undefined = takeUp(part.cursor?.reading, key, objects, reads)
  const spent = context.places.map(() => ({ heads: 0, gets: 0, bytes: 0 }))
  const pieceBytes = Math.min(PIECE_BYTES, piecewiseBytes)
  const options = { pieceBytes, spent, signal: part.signal }
  do reading = await readPiece(context, reading, options)
  while (reading && !isThrough(reading) && part.mayGoOn())
  counts.spend(spent)
  return reading
}

async function lookAtRow(
  job: SweepJob,
  part: SweepingPart,
  row: Row,
  { counts, readLarge }: { counts: Counts; readLarge: ReadLarge },
): Promise<Outcome> {
  const { context, input } = job
  const isListedSame = pairsOf(row).every((pair) => isWell(context, pair))
  const nothing: Outcome = { findings: [], records: row.records }
  if (row.objects.every((one) => one === undefined)) return { findings: [], records: [] }
  if (isPassedOver(input, row)) return nothing
  const due = readsOf(job, part, row, counts)
  if (isListedSame && due.size === 0) return nothing
  const isLarge = [...due].some((at) => (row.objects[at]?.size ?? 0) > job.piecewiseBytes)
  const reading = isLarge ? await readLarge(row, due) : undefined
  if (reading && !isThrough(reading)) return { ...nothing, reading }
  const reads = isLarge ? new Set<number>() : due
  const subject = { key: row.key, listed: row.objects, records: row.records }
  const { settleSeconds = context.copies?.settleSeconds ?? 0 } = input
  const options = { reads, reading, settleSeconds, signal: part.signal }
  const examined = await examine(context, subject, options)
  const isOneSided = reads.size > 0 && reads.size < context.places.length
  if (!isOneSided || !examined.findings.some(isAboutBytes)) return outcomeOf(examined)
  // Which side is wrong only the others can tell.
  counts.spend(examined.spent)
  const all = new Set(context.places.keys())
  return outcomeOf(await examine(context, subject, { ...options, reads: all }))
}

function outcomeOf(examined: Examined): Outcome {
  return { findings: examined.findings, records: examined.records, examined }
}

function isAboutBytes({ kind }: Finding): boolean {
  return kind === 'corrupt' || kind === 'differs'
}

function isPassedOver({ since }: VerifyInput, { objects }: Row): boolean {
  if (since === undefined) return false
  const begin = Date.parse(since)
  return objects.every((one) => one === undefined || one.modified.getTime() < begin)
}

/** Each pair, as lists and records have it; of a single store, with itself. */
function pairsOf({ objects, records }: Row): Pair[] {
  const [primary, ...others] = objects
  const followers = others.length > 0 ? others : [primary]
  return followers.map((to, at) => ({ from: primary, to, record: records[at] }))
}

/** By lists, records and rules alone. */
function isWell({ copies }: SweepContext, pair: Pair): boolean {
  const state = classify(pair)
  if (state === 'same') return true
  if (state === 'extra') return copies?.keepsDeleted === true
  return state === 'new' && pair.from !== undefined && copies?.wanted(pair.from) === false
}

/** The stores whose bytes of this key are to be read now, as far as the budget goes. */
function readsOf(job: SweepJob, part: SweepingPart, row: Row, counts: Counts): Set<number> {
  const { plan, input, prices } = job
  const [primary] = row.objects
  if (!plan || !primary) return new Set()
  const wish = wishOf(input, plan.now)
  const aged = { key: row.key, modified: primary.modified.getTime(), records: row.records }
  if (!isDue(aged, wish, plan)) return new Set()
  const held = [...row.objects.keys()].filter((at) => row.objects[at] !== undefined)
  const reads = input.read === 'cheapest' ? [cheapestOf(prices, held)] : held
  const nano = costOfReading(job, reads, row)
  if (!counts.maySpend(nano, part.of.nano)) return new Set()
  return new Set(reads)
}

export function costOfReading(
  { prices }: Pick<SweepJob, 'prices'>,
  reads: readonly number[],
  { objects }: Row,
): number {
  return reads.reduce((sum, at) => sum + readingCost(prices[at]!, objects[at]?.size ?? 0), 0)
}

/** What a step adds to the counts of its part. */
class Counts {
  readonly #job: SweepJob
  readonly #before: number
  readonly #sum: Record<string, number> = {}
  readonly #lateBefore: number
  #promised = 0
  oldest: Oldest | undefined

  constructor(job: SweepJob, { tally, cursor }: SweepingPart) {
    this.#job = job
    this.#before = tally['nano.read'] ?? 0
    this.oldest = cursor?.oldest
    const days = job.input.coverageDays ?? COVERAGE_DAYS
    this.#lateBefore = job.context.now() - days * DAY
  }

  get tally(): Tally {
    return this.#sum
  }

  listed(store: number): void {
    this.#count('requests.list')
    this.#count('nano', this.#job.prices[store]!.list)
  }

  /** A promise is kept for the whole step: nobody knows beforehand what will be read in the end. */
  maySpend(nano: number, limit: number | undefined): boolean {
    const may = limit === undefined || this.#before + this.#promised + nano <= limit
    if (may) this.#promised += nano
    else this.#count('over-budget')
    return may
  }

  add(row: Row, { findings, records, examined }: Outcome): void {
    const primary = row.objects.find((one) => one !== undefined)
    if (!primary) return
    this.#count('objects')
    this.#count('bytes', primary.size)
    if (examined) this.spend(examined.spent)
    if (examined?.pending) this.#count('pending')
    for (const { kind } of findings) this.#count(`found.${kind}`)
    const bad = new Set(
      findings.filter(({ kind }) => kind !== 'metadata').map(({ store }) => store),
    )
    const { places } = this.#job.context
    for (const [at, record] of records.entries()) {
      const store = places[places.length > 1 ? at + 1 : 0]!.store.name
      const grade = examined && !examined.pending ? examined.proven[at] : record?.grade
      if (grade && !bad.has(store)) this.#count(`same.${grade}`)
    }
    if (row.objects[0]) this.#age(row.key, row.objects[0].modified.getTime(), records)
  }

  #age(key: string, modified: number, records: Outcome['records']): void {
    const at = verifiedAt(records)
    this.#count(
      at === undefined ? 'read.never' : at >= this.#lateBefore ? 'read.in-time' : 'read.late',
    )
    const since = at ?? modified
    const never = at === undefined
    if (!this.oldest || isOlder({ since, never }, this.oldest)) this.oldest = { key, since, never }
  }

  spend(spent: readonly Spent[]): void {
    for (const [at, one] of spent.entries()) {
      const nano = spentOn(this.#job.prices[at]!, one)
      this.#count('requests.head', one.heads)
      this.#count('requests.get', one.gets)
      this.#count('read.bytes', one.bytes)
      this.#count('nano', nano)
      this.#count('nano.read', nano)
    }
  }

  #count(name: string, more = 1): void {
    if (more !== 0) this.#sum[name] = (this.#sum[name] ?? 0) + more
  }
}

export function isOlder(a: Omit<Oldest, 'key'>, b: Omit<Oldest, 'key'>): boolean {
  return a.never === b.never ? a.since < b.since : a.never
}

/** Records are written from the first that has changed: where nothing has, nothing is written. */
function createKeeper({ records }: SweepContext, range: KeyRange) {
  const pairs = records.map((pair) => ({ pair, writer: undefined as PairWriter | undefined }))
  const { after, upTo: end } = boundsOf(range)
  let before = after
  return {
    async keep(row: Row, next: Outcome['records']): Promise<void> {
      for (const [at, one] of pairs.entries()) {
        const record = next[at]
        if (!one.writer && record !== row.records[at]) {
          one.writer = one.pair.write({ after: before, upTo: end })
        }
        if (record) await one.writer?.add(record)
      }
      before = row.key
    },
    /** Up to the key; undefined: to the end of the range. */
    async commit(upTo: string | undefined): Promise<void> {
      for (const { writer } of pairs) await writer?.commit(upTo)
    },
  }
}
