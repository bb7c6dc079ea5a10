// The way back from what was written: what this migration created is deleted, what it overwrote is put back from
// where it was kept aside, and what somebody else has changed since is left and told of. Every key of the journal is
// gone through twice: the second time finds all as it was, or says what is not.

import { compareObjects } from '#shared/compare/evidence.ts'
import type { Job, Step } from '#shared/jobs/job.ts'
import { readPart } from '#shared/jobs/part.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { changedMeanwhile, removeIfSame } from './conditional.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import { createCounting } from './counting.ts'
import type { Row } from './deciding.ts'
import { isDoubtful, isOurs } from './deciding.ts'
import { doubtOf } from './copying.ts'
import type { Ends } from './ends.ts'
import { openEnds } from './ends.ts'
import type { MigrateInput } from './input.ts'
import { asideOf, copyAll, openJournal } from './journal.ts'
import { createKeeper } from './keeper.ts'
import type { Cursor, MigratePart } from './parts.ts'
import type { MigratingPart, Seen } from './rows.ts'
import { rangeLeft, walkRows } from './rows.ts'
import { createStoreFaults } from './store-faults.ts'
import type { StoreFaults } from './store-faults.ts'

const STEP_ROWS = 200_000
const LOOK_SECONDS = 5
/** What a step that was told to stop may still be about to write. */
const LONGEST_WAIT_SECONDS = 30

/** `act`: everything for the first time. `check`: once more. */
interface Round {
  pass: 'act' | 'check'
  /** Seconds that were waited for who may still be copying; absent: it has begun. */
  waited?: number | undefined
}

interface Undoing {
  id: string
  context: MigrationContext
  ends: Ends
  faults: StoreFaults
}

/** `well`: it is as it was before. `told`: what somebody should know of one that could be undone. */
type Undone =
  | { is: 'well' }
  | { is: 'removed' | 'restored'; told?: string | undefined }
  | { is: 'left' | 'failed'; why: string }

/** All that the last copies were cut into, so all keys. */
export async function undoParts(job: Job<MigrateInput>): Promise<MigratePart[]> {
  const last = job.phases.findLastIndex(({ name }) => name === 'copy')
  return last < 0 ? [] : ((await job.partsOf(last)) as MigratePart[])
}

export async function undoStep(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  part: MigratingPart,
): Promise<Step<Cursor>> {
  const range = rangeLeft(context, part)
  if (!range) return {}
  const { pass, waited } = (part.cursor?.kept as Round | undefined) ?? { pass: 'act', waited: 0 }
  if (waited !== undefined && waited < LONGEST_WAIT_SECONDS && (await isBeingCopied(job))) {
    const kept: Round = { pass, waited: waited + LOOK_SECONDS }
    return { cursor: { kept }, delaySeconds: LOOK_SECONDS }
  }
  const ends = await openEnds(place, context, () => undefined)
  const undoing: Undoing = { id: job.id, context, ends, faults: createStoreFaults(ends) }
  const journal = openJournal(job, context.order)
  const [records, entries] = [createKeeper(context.records, range), createKeeper(journal, range)]
  const told = createTold(job.id, pass, part)
  const last = await walkRows<Undone>({
    ...{ context, journal, ends, range, signal: part.signal, maxRows: STEP_ROWS },
    mayGoOn: part.mayGoOn,
    judge: (row) => undoOne(undoing, row),
    async settle(row, undone) {
      const { key, entry, record } = row
      const isSettled = told.add(row, undone)
      await entries.keep(key, entry, isSettled ? undefined : entry)
      await records.keep(key, record, isSettled && entry ? undefined : record)
    },
  })
  await records.commit(last === undefined)
  await entries.commit(last === undefined)
  // Only what no journal speaks of any more: whoever is killed before leaves bytes behind, and loses none.
  if (told.asides.length > 0) await ends.to.store.delete(told.asides)
  const { tally } = told
  if (last !== undefined) return { tally, cursor: { after: last, kept: { pass } } }
  return pass === 'check' ? { tally } : { tally, cursor: { kept: { pass: 'check' } } }
}

/** What a step has undone, and, the second time, what it could not. */
function createTold(id: string, pass: Round['pass'], { note }: MigratingPart) {
  const counting = createCounting()
  const asides: string[] = []
  return {
    /** Where bytes are kept that are back in their place. */
    asides,
    get tally() {
      return counting.tally
    },
    /** True where it is as it was before, and that has been looked at. */
    add({ key, known }: Seen, undone: Undone): boolean {
      if (undone.is === 'removed' || undone.is === 'restored') {
        counting.add({ [undone.is]: 1 })
        if (undone.told !== undefined) note('left', { key, why: undone.told })
      }
      if (pass === 'act') return false
      if ('why' in undone) {
        counting.add({ [undone.is]: 1 })
        note('left', { key, why: undone.why })
        return false
      }
      if (known?.before !== undefined) asides.push(asideOf(id, key, known.before))
      return true
    },
  }
}

/** A step that was told to stop ends what it has in hand. */
async function isBeingCopied({ id, ledger, phases }: Job<MigrateInput>): Promise<boolean> {
  const phase = phases.findLastIndex(({ name }) => name === 'copy')
  const { parts, ended } = phases[phase]!
  for (let part = 0; part < parts; part++) {
    if (ended.includes(part)) continue
    const { holder } = await readPart(ledger, { job: id, phase, part })
    if (holder !== undefined) return true
  }
  return false
}

async function undoOne(undoing: Undoing, row: Row): Promise<Undone> {
  const { known } = row
  if (!known) return { is: 'well' }
  try {
    const { before } = known
    const undone =
      before === undefined ? await uncreate(undoing, row) : await restore(undoing, row, before)
    undoing.faults.well()
    return undone
  } catch (error) {
    const fault = await undoing.faults.ofStore(error)
    if (fault !== undefined) throw fault
    const why = error instanceof Error ? error.message : String(error)
    return { is: isStorageError(error, 'precondition') ? 'left' : 'failed', why }
  }
}

/** There was nothing, and so there is to be nothing. */
async function uncreate(undoing: Undoing, row: Row): Promise<Undone> {
  const { to, key } = row
  if (!to) return { is: 'well' }
  if (!(await isOurWriting(undoing, row))) return changed(undoing, 'it is left there')
  const { store, base } = undoing.ends.to
  if (await removeIfSame(store, base + key, to.etag)) return { is: 'removed' }
  throw changedMeanwhile(store, key)
}

async function restore(undoing: Undoing, row: Row, before: string): Promise<Undone> {
  const { to, key, known } = row
  // It was never overwritten.
  if (to?.etag === before) return { is: 'well' }
  const { store, base } = undoing.ends.to
  const name = asideOf(undoing.id, key, before)
  const aside = await store.find(name)
  if (to && aside && (await isSame(undoing, base + key, name))) return { is: 'well' }
  const isOurTurn = to ? await isOurWriting(undoing, row) : known?.removed !== undefined
  const isUnsure = !isOurTurn && isDoubtful(row)
  if (!isOurTurn && !isUnsure) {
    return changed(
      undoing,
      aside ? `what was there before is kept under ${name}` : 'it is left there',
    )
  }
  if (!aside) return { is: 'failed', why: `${name} in ${store.name} is gone.` }
  const told = isUnsure ? doubtOf(await keepDoubtful(undoing, row)) : undefined
  await copyAll(store, aside, base + key, to ? { ifMatch: to.etag } : 'create')
  return { is: 'restored', told }
}

async function keepDoubtful({ id, ends: { to } }: Undoing, row: Row): Promise<string> {
  const info = await to.store.find(to.base + row.key)
  if (!info || info.etag !== row.to?.etag) throw changedMeanwhile(to.store, row.key)
  const name = asideOf(id, row.key, info.etag)
  await copyAll(to.store, info, name)
  return name
}

function changed({ ends: { to } }: Undoing, instead: string): Undone {
  return { is: 'left', why: `Somebody else has changed it in ${to.store.name} since; ${instead}.` }
}

/** By its record, or, where whoever wrote it was killed before he could record it, by its bytes. */
async function isOurWriting({ ends }: Undoing, row: Row): Promise<boolean> {
  if (isOurs(row)) return true
  const { from, to, key } = row
  if (!from || !to || from.size !== to.size) return false
  const found = await compareObjects(
    { store: ends.from.store, key: ends.from.base + key, seen: from },
    { store: ends.to.store, key: ends.to.base + key, seen: to },
    { read: 'one' },
  )
  return found.same === true
}

async function isSame({ ends: { to } }: Undoing, a: string, b: string): Promise<boolean> {
  const [first, second] = [a, b].map((key) => ({ store: to.store, key }))
  return (await compareObjects(first!, second!, { read: 'one' })).same === true
}
