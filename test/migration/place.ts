// A workspace of two stores that a test can take down, and a migration between them, step by step.

import { joinOrder } from '#shared/compare/listing.ts'
import { openPairRecords } from '#shared/compare/pair-records.ts'
import type { Job, Part } from '#shared/jobs/job.ts'
import type { MigrationContext, MigrationPlace } from '#shared/migration/context.ts'
import type { MigrateInput } from '#shared/migration/input.ts'
import type { Cursor, MigratePart } from '#shared/migration/parts.ts'
import { openSwitchable } from '#shared/migration/switchable.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { createSeal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { SECRET, openCloud } from '../replication/cloud.ts'
import { storeWith } from '../replication/faulty-store.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

export const INPUT: MigrateInput = { from: { store: 'main' }, to: { store: 'west' } }

export async function openPlace() {
  const down = new Set<string>()
  const [main, west] = ['main', 'west'].map((name) =>
    storeWith(name, async () => {
      if (down.has(name)) throw new StorageError('unavailable', `${name} is down.`, { store: name })
    }),
  ) as [Store, Store]
  const ledger = memoryStore('ledger')
  const stores = [main, west]
  const cloud = openCloud({ stores, ledger, rules: { failover: { to: ['west'] } } })
  const places = stores.map((store) => ({ store, base: '' }))
  const order = joinOrder(places)
  const { clock } = cloud
  const now = () => Date.now() + clock.ahead
  const context: MigrationContext = {
    ...{ workspace: 'app', from: places[0]!, to: places[1]!, order, now },
    records: openPairRecords(ledger, 'tests', order),
    ...{ selection: { names: [] }, classes: undefined },
    switchable: await openSwitchable(cloud.workspace, cloud.replication),
  }
  const job: Job<MigrateInput> = {
    ...{ id: 'migrate-1', input: INPUT, phases: [], ledger: cloud.ledger, now },
    ...{ own: (name: string) => name, partsOf: async () => [] },
  }
  const place: MigrationPlace = {
    ...{ workspace: 'app', stores, ledger: cloud.ledger, seal: createSeal([SECRET]), now },
    store: (name) => stores.find((store) => store.name === name)!,
    prices: () => openPrices({ now }),
    send: async () => undefined,
  }
  return { ...cloud, main, west, context, job, place, down }
}

/** One step's worth, from a cursor; `steps` says how often it may go on. */
export function partOf(phase: string, cursor?: Cursor, steps = 1000): Part<MigratePart, Cursor> {
  let left = steps
  return {
    ...{ phase, number: 0, of: { once: true }, cursor, tally: {} },
    mayGoOn: () => left-- > 0,
    note: () => undefined,
    signal: new AbortController().signal,
  }
}
