// The source cleared of what has arrived: only when somebody asks for it, only after a verification that found
// nothing, and a while after that. Each object goes on condition that it is still the one that was proven, and that
// the destination's is too; what is anything else stays and is told of.

import { classify } from '#shared/compare/pair.ts'
import type { Job, Step } from '#shared/jobs/job.ts'
import { removeIfSame } from './conditional.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import { objectionToLeaving } from './cut-over.ts'
import { createCounting } from './counting.ts'
import type { Row } from './deciding.ts'
import { isSelected } from './deciding.ts'
import type { Ends } from './ends.ts'
import { openEnds } from './ends.ts'
import type { MigrateInput } from './input.ts'
import { openJournal } from './journal.ts'
import { createKeeper } from './keeper.ts'
import type { Cursor } from './parts.ts'
import type { MigratingPart } from './rows.ts'
import { rangeLeft, walkRows } from './rows.ts'
import type { StoreFaults } from './store-faults.ts'
import { createStoreFaults } from './store-faults.ts'
import { VERIFIED, isProven } from './verify-step.ts'

const STEP_ROWS = 50_000
const GRACE_SECONDS = 7 * 86_400

/** Undefined: it may be cleaned up now. */
export async function objectionToCleanUp(
  context: MigrationContext,
  job: Job<MigrateInput>,
): Promise<string | undefined> {
  const { input, phases } = job
  if (input.dryRun) return 'it is a dry run, which has moved nothing; plan it without.'
  if (context.switchable) return objectionOfWorkspace(context)
  const last = phases.findLast(({ name }) => name !== 'cleanup')
  if (last?.name !== 'verify' || !last.tally) {
    return 'nothing has been verified since the last copy; start another pass.'
  }
  const { wrong = 0, behind = 0 } = last.tally
  if (wrong + behind > 0) {
    return `${wrong} objects were found wrong at the destination and ${behind} are not there yet; start another pass.`
  }
  const { at = last.began } = (await job.ledger.read<{ at: string }>(job.own(VERIFIED))) ?? {}
  const { graceSeconds = GRACE_SECONDS } = input
  const from = Date.parse(at) + graceSeconds * 1000
  if (context.now() >= from) return undefined
  return `the source stays as it is until ${new Date(from).toISOString()}, so that there is a way back; plan it with another grace if that is too long.`
}

/** Replication would bring back what is removed at one of the workspace's own stores. */
async function objectionOfWorkspace(context: MigrationContext): Promise<string> {
  const { name } = context.from.store
  return (
    (await objectionToLeaving(context)) ??
    `"${name}" is still a store of the workspace ${context.workspace}, whose replication would bring back what is removed there. Take it out of the workspace first; then plan a migration from its URI to ${context.to.store.name}, which finds all of it there already, and clean up with that.`
  )
}

interface Cleaning {
  context: MigrationContext
  ends: Ends
  faults: StoreFaults
}

type Cleaned = { is: 'removed' | 'nothing' } | { is: 'left' | 'failed'; why: string }

export async function cleanUpStep(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  part: MigratingPart,
): Promise<Step<Cursor>> {
  const range = rangeLeft(context, part)
  if (!range) return {}
  const ends = await openEnds(place, context, () => undefined)
  const cleaning: Cleaning = { context, ends, faults: createStoreFaults(ends) }
  const journal = openJournal(job, context.order)
  const [records, entries] = [createKeeper(context.records, range), createKeeper(journal, range)]
  const counting = createCounting()
  const last = await walkRows<Cleaned>({
    ...{ context, journal, ends, range, signal: part.signal, maxRows: STEP_ROWS },
    mayGoOn: part.mayGoOn,
    judge: (row) => cleanOne(cleaning, row),
    async settle({ key, from, record, entry }, cleaned) {
      // The destination's is the only one now: nothing that would be set against a source, or undone.
      const isGone = cleaned.is === 'removed'
      if (isGone) counting.add({ removed: 1, 'removed.bytes': from?.size ?? 0 })
      if ('why' in cleaned) {
        counting.add({ [cleaned.is]: 1 })
        part.note('left', { key, why: cleaned.why })
      }
      await records.keep(key, record, isGone ? undefined : record)
      await entries.keep(key, entry, isGone ? undefined : entry)
    },
  })
  await records.commit(last === undefined)
  await entries.commit(last === undefined)
  counting.add(ends.tally())
  const { tally } = counting
  return last === undefined ? { tally } : { tally, cursor: { after: last } }
}

async function cleanOne({ context, ends, faults }: Cleaning, row: Row): Promise<Cleaned> {
  const { key, from, record } = row
  if (!from || !isSelected(context, from)) return { is: 'nothing' }
  const isProvenStill = classify(row) === 'same' && record && isProven(record.grade)
  if (!isProvenStill) {
    return {
      is: 'left',
      why: 'It is not as it was when it was verified, here or at the destination.',
    }
  }
  try {
    const { store, base } = ends.from
    const isGone = await removeIfSame(store, base + key, from.etag)
    faults.well()
    return isGone
      ? { is: 'removed' }
      : { is: 'left', why: 'Somebody has changed it at the source since.' }
  } catch (error) {
    const fault = await faults.ofStore(error)
    if (fault !== undefined) throw fault
    return { is: 'failed', why: error instanceof Error ? error.message : String(error) }
  }
}
