// One step of bringing a range of keys over. Listings, records and journal are walked side by side; the journal is
// written before the writes it is about; what was found out is recorded in order, and the next step begins after the
// last key before which nothing is open. Whoever is killed leaves at most a step's work to be looked at again.

import type { KeyRange } from '#shared/compare/listing.ts'
import { CopyPaused } from '#shared/copy/in-parts.ts'
import { boundsOf } from '#shared/integrity/rows.ts'
import type { Job, Step } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import type { Lanes } from '#shared/sync/lanes.ts'
import { createLanes } from '#shared/sync/lanes.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import type { Copying } from './copying.ts'
import { carryOut, failed } from './copying.ts'
import { createCounting } from './counting.ts'
import type { Decision, Outcome, Row } from './deciding.ts'
import { decide } from './deciding.ts'
import { openEnds } from './ends.ts'
import { createLine } from './in-order.ts'
import type { MigrateInput } from './input.ts'
import { createJournalist, openJournal } from './journal.ts'
import { createKeeper } from './keeper.ts'
import type { Cursor } from './parts.ts'
import type { Room } from './room.ts'
import { createRoom } from './room.ts'
import type { MigratingPart } from './rows.ts'
import { pagesOf, rangeLeft } from './rows.ts'
import { noteSpending, shareOfPart } from './spending.ts'
import type { StoreFaults } from './store-faults.ts'
import { createStoreFaults } from './store-faults.ts'
import type { Throttle } from './throttle.ts'
import { createThrottle } from './throttle.ts'

const TRANSFERS = 16
/** A step leaves its cursor at least so often: what a killed one has found out since is lost. */
const STEP_MILLISECONDS = 60_000
const STEP_COPIES = 10_000
/** Outcomes that wait for one before them, and are held. */
const WINDOW = 512
/** Small objects are held in memory as they pass. */
const HELD_BYTES = 8 * 2 ** 20
const HELD_OF_ONE = 8 * 2 ** 20

/** Beside its last key, what a step leaves to the next. */
interface Kept {
  /** Keys behind that one that are through. */
  told?: string[]
  wasStopped?: true
}

/** It was not begun, or has come to a part of it: the next step goes on with it. */
const LATER = Symbol('later')

interface Handled {
  row: Row
  outcome: Outcome | typeof LATER
  /** An earlier step has told of it. */
  isTold: boolean
}

interface Work extends Copying {
  part: MigratingPart
  /** Those who find out what is to be done stay ahead of those who do it. */
  checkers: Lanes
  lanes: Lanes
  room: Room
  throttle: Throttle
  faults: StoreFaults
  /** Told by an earlier step, behind its cursor. */
  told: ReadonlySet<string>
  /** Keys that were looked at, and of these what was begun. */
  looked: number
  begun: number
  stop: { error: unknown } | undefined
}

export async function copyStep(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  part: MigratingPart,
): Promise<Step<Cursor>> {
  const range = rangeLeft(context, part)
  if (!range) return {}
  const work = await openWork(place, context, job, part)
  const records = createKeeper(context.records, range)
  const sum = createSum(part)
  const line = createLine<Handled>(WINDOW, async ({ row, outcome, isTold }) => {
    if (outcome === LATER) {
      sum.open()
      await records.keep(row.key, row.record, row.record)
      return
    }
    await records.keep(row.key, row.record, outcome.record)
    sum.add(row.key, outcome, isTold)
  })
  const isWhole = await walk(work, job, range, line)
  await line.end()
  if (work.stop && !sum.hasAny) throw work.stop.error
  await records.commit(isWhole)
  await noteSpending(job, part, work.ends.nano)
  const tally = addTallies([sum.tally, work.ends.tally()])
  if (isWhole && !sum.isOpen) return { tally }
  const { after: last = part.cursor?.after, told } = sum
  const kept: Kept = { ...(told.length > 0 && { told }), ...(work.stop && { wasStopped: true }) }
  const cursor: Cursor = { after: last, kept }
  return { cursor, tally, delaySeconds: work.throttle.delaySeconds() }
}

async function openWork(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  part: MigratingPart,
): Promise<Work> {
  const { id, input, phases } = job
  const { transfers = TRANSFERS } = input
  const { told = [], wasStopped } = (part.cursor?.kept ?? {}) as Kept
  let throttle: Throttle | undefined
  const ends = await openEnds(place, context, () => throttle?.asked())
  throttle = createThrottle(await shareOfPart(job), () => ends.nano, context.now)
  const began = context.now()
  const slow = throttle
  const work: Work = {
    ...{ id, context, input, ends, part, throttle },
    followsDeletions: phases.every(({ name }) => name !== 'cleanup'),
    checkers: createLanes(transfers, Infinity),
    lanes: createLanes(transfers, Infinity),
    room: createRoom(HELD_BYTES),
    // What stopped the last step is to be met once more, and no further object counted as failed for it.
    faults: createStoreFaults(ends, wasStopped ? 1 : undefined),
    told: new Set(told),
    ...{ looked: 0, begun: 0 },
    stop: undefined,
    onBytes: (bytes) => slow.moved(bytes),
    mayGoOn: () =>
      !work.stop &&
      part.mayGoOn() &&
      !slow.isOver() &&
      work.begun < STEP_COPIES &&
      context.now() - began < STEP_MILLISECONDS,
  }
  return work
}

/** True when the range was gone through. */
async function walk(
  work: Work,
  job: Job<MigrateInput>,
  range: KeyRange,
  line: ReturnType<typeof createLine<Handled>>,
): Promise<boolean> {
  const { context, ends, part } = work
  const journal = context.switchable ? undefined : openJournal(job, context.order)
  const journalist = journal && createJournalist(journal, boundsOf(range).after)
  for await (const rows of pagesOf({ context, journal, ends }, range, part.signal)) {
    const decisions = await Promise.all(rows.map((row) => decideOne(work, row)))
    await journalist?.write(rows.map((row, at) => said(row, decisions[at])))
    for (const [at, row] of rows.entries()) {
      line.add(handle(work, row, decisions[at]))
      const room = line.room()
      if (room) await room
    }
    // The first of a step in any case, so that whoever comes again gets on.
    if (!work.mayGoOn()) return false
  }
  return true
}

function said({ key, known }: Row, decision: Decision | undefined) {
  return { key, known, entry: decision ? decision.entry : known }
}

type Decided = Decision | undefined

/** Undefined: not in this step any more, or it could not be found out. */
async function decideOne(work: Work, row: Row): Promise<Decided> {
  if (work.told.has(row.key)) {
    return { does: 'nothing', outcome: { record: row.record }, entry: row.known }
  }
  try {
    return await work.checkers.run(async () => {
      const isFirst = work.looked++ === 0
      return isFirst || work.mayGoOn() ? decide(work, row) : undefined
    })
  } catch (error) {
    const outcome = await blame(work, row, error)
    return outcome === LATER ? undefined : { does: 'nothing', outcome, entry: row.known }
  }
}

function handle(work: Work, row: Row, decision: Decided): Handled | Promise<Handled> {
  const isTold = work.told.has(row.key)
  if (!decision) return { row, outcome: LATER, isTold }
  if (decision.does === 'nothing') return { row, outcome: decision.outcome, isTold }
  return work.lanes.run(async () => ({ row, outcome: await doOne(work, row, decision), isTold }))
}

async function doOne(work: Work, row: Row, decision: Decision): Promise<Outcome | typeof LATER> {
  const size = row.from?.size ?? 0
  if (work.begun > 0 && !work.mayGoOn()) return LATER
  work.begun++
  if (!(await work.throttle.enter(size))) return LATER
  try {
    const held = Math.min(size, HELD_OF_ONE)
    const outcome = await work.room.run(held, () => carryOut(bounded(work), row, decision))
    work.faults.well()
    return outcome
  } catch (error) {
    return error instanceof CopyPaused ? LATER : blame(work, row, error)
  }
}

/** One part of an object in any case, so that it gets on however short a step is. */
function bounded(work: Work): Copying {
  let asked = 0
  return { ...work, mayGoOn: () => asked++ === 0 || work.mayGoOn() }
}

/** The object's own failure; the store's ends the step. */
async function blame(work: Work, row: Row, error: unknown): Promise<Outcome | typeof LATER> {
  const fault = await work.faults.ofStore(error)
  if (fault === undefined) return failed(row.key, row.record, error)
  work.stop ??= { error: fault }
  return LATER
}

/** What a step has done, and up to where. */
function createSum({ note }: MigratingPart) {
  const counting = createCounting()
  const told: string[] = []
  const state = { isOpen: false, after: undefined as string | undefined, hasAny: false }
  return {
    get isOpen() {
      return state.isOpen
    },
    get after() {
      return state.after
    },
    /** Some of it was done, so that the next step finds less. */
    get hasAny() {
      return state.hasAny
    },
    told,
    get tally() {
      return counting.tally
    },
    open(): void {
      state.isOpen = true
    },
    add(key: string, { tally, notes = [] }: Outcome, isTold: boolean): void {
      if (state.isOpen) told.push(key)
      else state.after = key
      if (isTold) return
      state.hasAny = true
      counting.add(tally)
      for (const { list, item } of notes) note(list, item)
    },
  }
}
