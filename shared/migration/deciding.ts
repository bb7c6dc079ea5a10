// What is to be done about one key: by listings and records alone where these say enough, else by comparing the two
// objects. Nothing is written here.

import { compareObjects } from '#shared/compare/evidence.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { Pair, PairRecord } from '#shared/compare/pair.ts'
import { classify } from '#shared/compare/pair.ts'
import type { Tally } from '#shared/jobs/job.ts'
import { knownByComparing } from '#shared/sync/known.ts'
import { selects } from '#shared/sync/selection.ts'
import type { MigrationContext } from './context.ts'
import type { Ends } from './ends.ts'
import { classOf } from './inventory.ts'
import type { MigrateInput } from './input.ts'
import type { Entry } from './journal.ts'
import { entryFor } from './journal.ts'

export interface Row extends Pair {
  key: string
  /** What the journal says of it so far. */
  known: Entry | undefined
}

export interface Note {
  list: 'failed' | 'losses' | 'left'
  item: unknown
}

export interface Outcome {
  /** What is known of the pair from now on. */
  record: PairRecord | undefined
  tally?: Tally | undefined
  notes?: readonly Note[] | undefined
}

/** With what the journal has to say before it is done. */
export type Decision =
  | { does: 'nothing'; outcome: Outcome; entry: Entry | undefined }
  | { does: 'copy'; from: ListedObject; over: Over | undefined; entry: Entry }
  | { does: 'remove'; to: ListedObject; entry: Entry }
  | { does: 'carry'; entry: undefined }

export interface Over {
  object: ListedObject
  /** `foreign`: no copy of this migration's. Its bytes are kept aside first, and so are those of which nobody can tell. */
  is: 'ours' | 'foreign' | 'doubtful'
}

export interface Deciding {
  id: string
  context: MigrationContext
  input: MigrateInput
  ends: Ends
  /** The source was never cleaned up, so what it lacks was deleted there. */
  followsDeletions: boolean
}

export async function decide(deciding: Deciding, row: Row): Promise<Decision> {
  const { context } = deciding
  const { from, to, record, known } = row
  if (!from && !to) return nothing(row, { record: undefined })
  if (context.switchable) {
    if (classify(row) === 'same') return nothing(row, counted(record, 'same'))
    return { does: 'carry', entry: undefined }
  }
  if (!from) return decideLost(deciding, row)
  if (!isSelected(context, from)) return nothing(row, { record: to && record })
  const state = classify(row)
  if (state === 'same') return nothing(row, counted(record, 'same'))
  if (!to)
    return { does: 'copy', from, over: undefined, entry: entryFor(from, known?.before, known) }
  if (isOurs(row)) return over(row, from, { object: to, is: 'ours' })
  const same = state === 'changed-source' ? undefined : await compare(deciding, from, to)
  if (same) return nothing(row, counted(same, 'compared'))
  if (isDoubtful(row)) return over(row, from, { object: to, is: 'doubtful' })
  return decideForeign(deciding, row, from, to)
}

function over({ known }: Row, from: ListedObject, what: Over): Decision {
  const before = what.is === 'foreign' ? what.object.etag : known?.before
  return { does: 'copy', from, over: what, entry: entryFor(from, before, known) }
}

/** Something that this migration did not write, and that is something else. */
function decideForeign(
  { input, context }: Deciding,
  row: Row,
  from: ListedObject,
  object: ListedObject,
): Decision {
  if (input.existing !== 'keep') return over(row, from, { object, is: 'foreign' })
  const why = `${context.to.store.name} has something else there, and it was to be kept.`
  const notes = [{ list: 'left', item: { key: row.key, why } }] as const
  return nothing(row, { ...counted(undefined, 'kept'), notes })
}

function decideLost({ followsDeletions, context }: Deciding, row: Row): Decision {
  const { to, known } = row
  if (!to || !known || !isOurs(row) || !followsDeletions) return nothing(row, { record: undefined })
  return { does: 'remove', to, entry: { ...known, removed: known.removed ?? context.now() } }
}

export function isSelected({ selection, classes, from }: MigrationContext, object: ListedObject) {
  return selects(selection, object) && (!classes || classes.has(classOf(from.store, object)))
}

/** What the destination has is what this migration last wrote there. */
export function isOurs({ to, record, known }: Row): boolean {
  if (!to || !record || !known || known.before === to.etag) return false
  return record.to.etag === to.etag && record.size === to.size
}

/**
 * Whoever was about to write there was killed before he could record it, and what is there is as long as what he had:
 * his, or somebody else's.
 */
export function isDoubtful({ to, record, known }: Row): boolean {
  if (!to || !known || known.before === to.etag) return false
  return record?.from.etag !== known.source.etag && to.size === known.source.size
}

/** Undefined where they are not the same. */
async function compare(
  { context, ends }: Deciding,
  from: ListedObject,
  to: ListedObject,
): Promise<PairRecord | undefined> {
  if (from.size !== to.size) return undefined
  const found = await compareObjects(
    { store: ends.from.store, key: ends.from.base + from.key, seen: from },
    { store: ends.to.store, key: ends.to.base + to.key, seen: to },
    { read: 'one' },
  )
  return found.same ? knownByComparing(from, to, found, context.now()) : undefined
}

function nothing({ known }: Row, outcome: Outcome): Decision {
  return { does: 'nothing', outcome, entry: known }
}

function counted(record: PairRecord | undefined, what: 'same' | 'compared' | 'kept'): Outcome {
  return { record, tally: { objects: 1, [what]: 1 } }
}
