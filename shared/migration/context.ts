// What a migration works on: the two places, what is recorded of the pair, and whether it is a whole workspace
// that moves, whose writes can be switched over.

import { createHash } from 'node:crypto'
import type { CostRules } from '#shared/cost/rules.ts'
import type { JoinOrder, Place } from '#shared/compare/listing.ts'
import { joinOrder } from '#shared/compare/listing.ts'
import type { PairRecords } from '#shared/compare/pair-records.ts'
import { openPairRecords } from '#shared/compare/pair-records.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Selection } from '#shared/sync/selection.ts'
import { namesFrom } from '#shared/sync/selection.ts'
import type { MigrateInput } from './input.ts'
import type { Switchable } from './switchable.ts'

export type MigrationPlace = JobPlace & {
  /** Where the stores are, as far as their addresses do not tell. */
  cost?: Pick<CostRules, 'places'> | undefined
  /** Of a workspace: its copies and its truth, for a migration of the whole. */
  switchable?: (() => Promise<Switchable>) | undefined
}

export interface MigrationContext {
  /** Its name; empty where the migration is about no workspace. */
  workspace: string
  from: Place
  to: Place
  order: JoinOrder
  /** At `from` and `to` both hold the same, as far as this migration has found out. */
  records: PairRecords
  selection: Selection
  classes: ReadonlySet<string> | undefined
  /** A whole workspace moves from the store that is its truth to one of its replicas. */
  switchable: Switchable | undefined
  now: () => number
}

export async function openMigration(
  place: MigrationPlace,
  id: string,
  input: MigrateInput,
): Promise<MigrationContext> {
  const [from, to] = [input.from, input.to].map(({ store, base = '' }) => ({
    store: place.store(store),
    base,
  }))
  checkApart(from!, to!)
  const order = joinOrder([from!, to!])
  const { workspace, ledger, now } = place
  const name = `migrated/${createHash('sha256').update(id).digest('hex').slice(0, 24)}`
  return {
    ...{ workspace, from: from!, to: to!, order, now },
    records: openPairRecords(ledger.store, name, order, { now }),
    selection: selectionOf(input),
    classes: input.classes && new Set(input.classes),
    switchable: await switchableOf(place, input),
  }
}

function selectionOf(input: MigrateInput): Selection {
  const { include, exclude, minBytes, maxBytes, since, until } = input
  return {
    names: namesFrom(include, exclude),
    ...{ minBytes, maxBytes },
    since: since === undefined ? undefined : dateOf(since),
    until: until === undefined ? undefined : dateOf(until),
  }
}

function dateOf(text: string): number {
  const at = Date.parse(text)
  if (Number.isFinite(at)) return at
  throw new StorageError('invalid', `"${text.slice(0, 60)}" is no date; write one as 2026-03-31.`)
}

/** A place within the other would be moved into itself. */
function checkApart(from: Place, to: Place): void {
  const isOneBucket = from.store.home === to.store.home && from.store.bucket === to.store.bucket
  if (!isOneBucket || from.store.row.id !== to.store.row.id) return
  const [a, b] = [from, to].map(({ store, base }) => store.prefix + base)
  if (!a!.startsWith(b!) && !b!.startsWith(a!)) return
  const message = `${from.store.name} and ${to.store.name} lie within one another: name two places that have no key in common.`
  throw new StorageError('invalid', message)
}

async function switchableOf(
  place: MigrationPlace,
  { from, to, include, exclude, minBytes, maxBytes, since, until, classes }: MigrateInput,
): Promise<Switchable | undefined> {
  const { stores, workspace, switchable } = place
  // What comes from elsewhere is brought in, and moves no writes.
  const areIn = [from, to].every((one) => stores.some(({ name }) => name === one.store))
  if (!areIn || !switchable) return undefined
  const parts = [from.base, to.base, include, exclude, minBytes, maxBytes, since, until, classes]
  if (parts.some((part) => part !== undefined)) {
    const message = `"${to.store}" is a store of the workspace ${workspace}, which follows its primary: a migration there is of the whole workspace, without prefixes and filters.`
    throw new StorageError('invalid', message)
  }
  return switchable()
}
