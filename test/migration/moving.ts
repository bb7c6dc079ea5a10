// A migration between any two stores, worked off by this process: planned, started, taken back.

import type { Engine, JobView } from '#shared/jobs/engine.ts'
import { createEngine } from '#shared/jobs/engine.ts'
import { createHere } from '#shared/jobs/here.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { readNotes } from '#shared/jobs/part.ts'
import type { MigrationPlace } from '#shared/migration/context.ts'
import type { MigrateInput } from '#shared/migration/input.ts'
import { migrateKind } from '#shared/migration/migrate-job.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { createSeal } from '#shared/seal.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { SECRET } from '../replication/cloud.ts'
import { readAll } from '../suites/storage/content.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

export interface Moving {
  engine: Engine
  /** Until it rests. */
  finish(): Promise<void>
  /** Until it rests with its plan. */
  plan(input?: Partial<MigrateInput>): Promise<JobView>
  command(name: 'start' | 'rollback' | 'cleanup'): Promise<JobView>
  resume(): Promise<JobView>
  view(): Promise<JobView>
  /** Planned and brought over, until it rests. */
  move(input?: Partial<MigrateInput>): Promise<JobView>
  /** Of the phase that was last. */
  tally(phase: string): Promise<Record<string, number>>
  notes(list: string): Promise<Record<string, unknown>[]>
}

export interface MovingOptions {
  from: Store
  to: Store
  ledger?: Store
  now?: () => number
  stepSeconds?: number
  /** Parts that are worked on at once. */
  atOnce?: number
}

export function openMoving(options: MovingOptions): Moving {
  const { from, to, ledger: kept = memoryStore('ledger'), now = Date.now, atOnce = 2 } = options
  const ledger = createLedger(kept)
  const here = createHere()
  const place: MigrationPlace = {
    ...{ workspace: '', stores: [], ledger, now, seal: createSeal([SECRET]) },
    store: (name) => (name === 'from' ? from : to),
    prices: () => openPrices({ now }),
    send: (...tasks) => here.send(...tasks),
  }
  const engine = createEngine({
    ...{ workspace: '', ledger, kinds: ['migrate'], now },
    ...(options.stepSeconds !== undefined && { stepSeconds: options.stepSeconds }),
    kind: async () => migrateKind(place),
    send: (...tasks) => here.send(...tasks),
  })
  let id = ''
  const finish = () => here.run(engine, { atOnce })
  const view = () => engine.view(id)
  const moving: Moving = {
    ...{ engine, finish, view },
    async plan(input = {}) {
      const all = { from: { store: 'from' }, to: { store: 'to' }, parts: 3, ...input }
      ;({ id } = await engine.start('migrate', all))
      await finish()
      return view()
    },
    async command(name) {
      await engine.command(id, name)
      await finish()
      return view()
    },
    async resume() {
      await engine.resume(id)
      await finish()
      return view()
    },
    async move(input) {
      const planned = await moving.plan(input)
      if (planned.state !== 'ready') throw new Error(`the plan is ${planned.state}: ${planned.why}`)
      return moving.command('start')
    },
    async tally(phase) {
      const { phases } = await view()
      return { ...phases.findLast(({ name }) => name === phase)?.tally }
    },
    async notes(list) {
      const notes: Record<string, unknown>[] = []
      for await (const note of readNotes<Record<string, unknown>>(ledger, id, list))
        notes.push(note)
      return notes
    },
  }
  return moving
}

/** Every key with its bytes as text: all that a store holds, but for Skein's own. */
export async function textsOf(store: Store): Promise<Record<string, string>> {
  const texts: Record<string, string> = {}
  for await (const { key } of store.listAll()) texts[key] = await textAt(store, key)
  return texts
}

export async function textAt(store: Store, key: string): Promise<string> {
  return Buffer.from(await readAll((await store.get(key)).body)).toString('latin1')
}

/** What users see of an object beside its bytes. */
export function describedOf(info: ObjectInfo) {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = info
  return {
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    metadata: info.metadata,
  }
}

export async function fill(store: Store, texts: Record<string, string>): Promise<void> {
  for (const [key, text] of Object.entries(texts)) await store.put(key, text)
}
