// One step of holding the destination against the source: every object that is to be there, by evidence and never by
// its size. What was proven and has not changed since costs no request; all else is compared, and read where the
// providers' digests say nothing.

import { compareObjects } from '#shared/compare/evidence.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { classify } from '#shared/compare/pair.ts'
import type { Job, Step, Tally } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { knownByComparing } from '#shared/sync/known.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import { createCounting } from './counting.ts'
import type { Row } from './deciding.ts'
import { isOurs, isSelected } from './deciding.ts'
import type { Ends } from './ends.ts'
import { openEnds } from './ends.ts'
import type { MigrateInput } from './input.ts'
import { openJournal } from './journal.ts'
import { createKeeper } from './keeper.ts'
import type { Cursor } from './parts.ts'
import type { MigratingPart } from './rows.ts'
import { rangeLeft, walkRows } from './rows.ts'
import { noteSpending, shareOfPart } from './spending.ts'
import type { StoreFaults } from './store-faults.ts'
import { createStoreFaults } from './store-faults.ts'
import { createThrottle } from './throttle.ts'

const STEP_ROWS = 200_000
/** Of a job, when its last verification ended. */
export const VERIFIED = 'verified'

interface Verifying {
  context: MigrationContext
  input: MigrateInput
  ends: Ends
  faults: StoreFaults
}

interface Verdict {
  record: PairRecord | undefined
  tally?: Tally | undefined
  /** What is wrong with it, in one sentence. */
  why?: string | undefined
}

export async function verifyStep(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  part: MigratingPart,
): Promise<Step<Cursor>> {
  const range = rangeLeft(context, part)
  if (!range) return {}
  const ends = await openEnds(place, context, () => undefined)
  const throttle = createThrottle(await shareOfPart(job), () => ends.nano, context.now)
  const verifying: Verifying = { context, input: job.input, ends, faults: createStoreFaults(ends) }
  const records = createKeeper(context.records, range)
  const counting = createCounting()
  const last = await walkRows<Verdict>({
    ...{ context, ends, range, signal: part.signal, maxRows: STEP_ROWS },
    journal: context.switchable ? undefined : openJournal(job, context.order),
    mayGoOn: () => part.mayGoOn() && !throttle.isOver(),
    judge: (row) => judge(verifying, row),
    async settle({ key, record: before }, { record, tally, why }) {
      counting.add(tally)
      if (why !== undefined) part.note('wrong', { key, why })
      await records.keep(key, before, record)
    },
  })
  await records.commit(last === undefined)
  await noteSpending(job, part, ends.nano)
  counting.add(ends.tally())
  const { tally } = counting
  if (last !== undefined) {
    return { tally, cursor: { after: last }, delaySeconds: throttle.delaySeconds() }
  }
  await job.ledger.write(job.own(VERIFIED), { at: new Date(context.now()).toISOString() })
  return { tally }
}

async function judge(verifying: Verifying, row: Row): Promise<Verdict> {
  const { context } = verifying
  const { from, to, record } = row
  if (!from) return judgeLost(context, row)
  if (!isSelected(context, from)) return { record: to && record }
  const found = await judgeBoth(verifying, row, from)
  const { size } = from
  return { ...found, tally: addTallies([{ objects: 1, bytes: size }, found.tally ?? {}]) }
}

/** Something that was brought over and is at the source no more has yet to be taken away. */
function judgeLost({ switchable }: MigrationContext, row: Row): Verdict {
  const { to, record } = row
  const isBehind = switchable ? to && record?.to.etag === to.etag : isOurs(row)
  return isBehind ? { record, tally: { behind: 1 } } : { record: undefined }
}

async function judgeBoth(
  { context, input, ends, faults }: Verifying,
  { to, record, ...row }: Row,
  from: ListedObject,
): Promise<Verdict> {
  const state = classify({ from, to, record })
  if (state === 'same' && record && isProven(record.grade)) {
    return { record, tally: { [`verified.${record.grade}`]: 1 } }
  }
  if (!to) return isAtSource(record, from) ? wrong(record, 'It is missing.') : behind(record)
  if (state === 'changed-source') return behind(record)
  try {
    const found = await compareObjects(
      { store: ends.from.store, key: ends.from.base + row.key, seen: from },
      { store: ends.to.store, key: ends.to.base + row.key, seen: to },
      { read: 'one', recorded: state === 'same' ? record?.digest : undefined },
    )
    faults.well()
    if (found.same) {
      const known = knownByComparing(from, to, found, context.now())
      return { record: known, tally: { [`verified.${found.grade}`]: 1 } }
    }
    // Left as it was asked for: nothing that another pass would change.
    if (input.existing === 'keep' && !row.known) return { record: undefined, tally: { kept: 1 } }
    if (found.same === undefined) return wrong(undefined, 'It cannot be known to be the same.')
    if (record && state !== 'unknown') {
      // Without its record the next pass copies it again.
      return wrong(undefined, 'It has other bytes than the source, which has not changed.')
    }
    return behind(record)
  } catch (error) {
    return judgeFailure(faults, record, error)
  }
}

async function judgeFailure(
  faults: StoreFaults,
  record: PairRecord | undefined,
  error: unknown,
): Promise<Verdict> {
  const fault = await faults.ofStore(error)
  if (fault !== undefined) throw fault
  // Somebody wrote one of the two while they were compared.
  if (isStorageError(error, 'precondition') || isStorageError(error, 'not-found')) {
    return behind(record)
  }
  const reason = error instanceof Error ? error.message : String(error)
  return wrong(record, `It cannot be known to be the same: ${reason}`)
}

export function isProven(grade: Grade): boolean {
  return grade !== 'size' && grade !== 'recorded'
}

/** The source has not changed since the record was made. */
function isAtSource(record: PairRecord | undefined, { etag, modified }: ListedObject): boolean {
  const known = record?.from
  return known?.etag === etag && (known.modified ?? modified.getTime()) === modified.getTime()
}

function behind(record: PairRecord | undefined): Verdict {
  return { record, tally: { behind: 1 } }
}

function wrong(record: PairRecord | undefined, why: string): Verdict {
  return { record, tally: { wrong: 1 }, why }
}
