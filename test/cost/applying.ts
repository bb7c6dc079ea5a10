// A workspace over two real servers with its jobs, worked off in this process: what the tests of apply begin with.

import { createHere } from '#shared/jobs/here.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Engine, JobView } from '#shared/jobs/engine.ts'
import { jobsLater } from '#shared/job-kinds.ts'
import { costRules } from '#shared/cost/rules.ts'
import type { CostRules } from '#shared/cost/rules.ts'
import { SOURCE_MARK, originOf, sealMark } from '#shared/copy/mark.ts'
import { copyObject } from '#shared/copy/copy.ts'
import type { Task } from '#shared/platform.ts'
import { createSeal } from '#shared/seal.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { openToday } from '../prices/open.ts'

export interface Applying {
  ledger: Store
  primary: Store
  replica: Store
  engine: Engine
  /** Begins a job and works until it rests. */
  run(kind: string, input: unknown): Promise<JobView>
  command(id: string, command: string): Promise<JobView>
  /** Tasks that were sent and are not jobs' own. */
  sent: Task[]
  /** A copy as replication makes it. */
  replicate: (key: string) => Promise<void>
  /** Whether the replica's object still passes for a copy of the primary's. */
  isCopy(key: string): Promise<boolean>
}

export async function openApplying(
  descriptions: readonly [StoreDescription, StoreDescription],
  cost: CostRules = costRules(),
  now: () => number = Date.now,
  /** Another workspace, whose records lie in the same ledger. */
  beside?: { name: string; ledger: Store },
): Promise<Applying> {
  const open = (description: StoreDescription, name: string) =>
    createHarness({ ...description, options: { ...description.options, name } }, { fetch }).open()
  const [primary, replica] = [open(descriptions[0], 'main'), open(descriptions[1], 'second')]
  const seal = createSeal(['s'.repeat(40)])
  const workspace = beside?.name ?? 'app'
  const place = { seal, workspace }
  const platform = { env: {}, fileSystem: false, now }
  const kept =
    beside?.ledger ?? openStore(`memory:${crypto.randomUUID()}`, platform, { name: 'ledger' })
  const here = createHere()
  const sent: Task[] = []
  const prices = await openToday()
  const engine = jobsLater(async () => ({
    ...{ workspace, stores: [primary, replica], seal, now, cost },
    store: (name) => (name === 'main' ? primary : replica),
    ledger: createLedger(kept),
    prices: async () => prices,
    async send(tasks, options) {
      const own = tasks.filter(({ kind }) => kind === 'job')
      sent.push(...tasks.filter(({ kind }) => kind !== 'job'))
      await here.send(own, options)
    },
  }))
  const work = async (id: string): Promise<JobView> => {
    await here.run(engine, { atOnce: 2 })
    return engine.view(id)
  }
  return {
    ...{ primary, replica, engine, sent, ledger: kept },
    run: async (kind, input) => work((await engine.start(kind, input)).id),
    command: async (id, command) => work((await engine.command(id, command)).id),
    async replicate(key) {
      const own = (source: Parameters<typeof sealMark>[2]) => ({
        [SOURCE_MARK]: sealMark(place, 'second', source, originOf(place, 'main', source)),
      })
      await copyObject({ from: primary, to: replica, key, mode: 'overwrite', own })
    },
    async isCopy(key) {
      const [source, copy] = [await primary.head(key), await replica.head(key)]
      const [a, b] = [originOf(place, 'main', source), originOf(place, 'second', copy)]
      return a.store === b.store && a.identity === b.identity
    },
  }
}
