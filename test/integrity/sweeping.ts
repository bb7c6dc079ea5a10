// A workspace whose copies replication makes, and sweeps over it, worked off by this process.

import { createHash } from 'node:crypto'
import { verifyKind } from '#shared/integrity/verify-job.ts'
import type { VerifyInput } from '#shared/integrity/input.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { Engine, JobView } from '#shared/jobs/engine.ts'
import { createEngine } from '#shared/jobs/engine.ts'
import { createHere } from '#shared/jobs/here.ts'
import type { JobKind } from '#shared/jobs/job.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { copyRules } from '#shared/replication/copy-rules.ts'
import { replicationRules } from '#shared/replication/rules.ts'
import { createSeal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import type { Cloud, CloudOptions } from '../replication/cloud.ts'
import { SECRET, now, openCloud } from '../replication/cloud.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

export interface Sweeping extends Cloud {
  stores: readonly Store[]
  engine: Engine
  place: JobPlace
  /** Puts it at the primary and has it copied. */
  write: (
    key: string,
    body: string | Uint8Array,
    options?: Parameters<Store['put']>[2],
  ) => Promise<void>
  sweep: (input?: VerifyInput) => Promise<SweepReport>
  /** Until it rests. */
  begin: (input?: VerifyInput) => Promise<JobView>
  finish: () => Promise<void>
  signed: (id: string) => Promise<SignedReport<SweepReport>>
}

export interface SweepingOptions extends CloudOptions {
  stepSeconds?: number
  piecewiseBytes?: number
  /** What waits for a while is done at once. */
  isImpatient?: boolean
  /** Asked after each step: true kills whoever took it before he has left his cursor. */
  dies?: () => boolean
}

export function openSweeping(options: SweepingOptions = {}): Sweeping {
  const ledger = options.ledger ?? memoryStore('ledger')
  const cloud = openCloud({ ...options, ledger })
  const stores = storesOf(cloud.workspace)
  const here = createHere(options.isImpatient ? leapingClock() : Date.now)
  const rules = replicationRules(options.rules)
  const clock = () => Date.now() + cloud.clock.ahead
  const place: JobPlace = {
    ...{
      workspace: 'app',
      stores,
      ledger: cloud.ledger,
      seal: createSeal([options.secret ?? SECRET]),
    },
    store(name) {
      const found = stores.find((one) => one.name === name)
      if (!found) throw new Error(`no store ${name}`)
      return found
    },
    prices: () => openPrices({ now: Date.now }),
    now: clock,
    copies: { ...copyRules(rules, 'app', cloud.ledger), settleSeconds: 0 },
    send: (...tasks) => here.send(...tasks),
  }
  const { piecewiseBytes } = options
  const kind = mortal(
    verifyKind(place, piecewiseBytes === undefined ? {} : { piecewiseBytes }),
    options.dies,
  )
  const engine = createEngine({
    ...{ workspace: 'app', ledger: cloud.ledger, kinds: ['verify'], now: clock },
    ...(options.stepSeconds !== undefined && { stepSeconds: options.stepSeconds }),
    kind: async (name) => (name === 'verify' ? kind : undefined),
    send: (...tasks) => here.send(...tasks),
  })
  const finish = () => here.run(engine, { atOnce: 2 })
  const signed = async (id: string) => (await engine.report(id)) as SignedReport<SweepReport>
  const begin: Sweeping['begin'] = async (input = {}) => {
    const { id } = await engine.start('verify', input)
    await finish()
    return engine.view(id)
  }
  return {
    ...cloud,
    ...{ stores, engine, place, finish, begin, signed },
    async write(key, body, put) {
      await cloud.primary.put(key, body, put)
      await cloud.replication.changed(key, now())
      await cloud.work()
      if (cloud.failed.length > 0) throw cloud.failed[0]!.error
    },
    async sweep(input) {
      const { id, state, why } = await begin(input)
      if (state !== 'done') throw new Error(`the sweep is ${state}: ${why}`)
      return (await signed(id)).report
    },
  }
}

/** By which whatever is to be waited for is over at the next look. */
function leapingClock(): () => number {
  let at = Date.now()
  return () => (at += 3_600_000)
}

async function mortal(opened: Promise<JobKind>, dies = () => false): Promise<JobKind> {
  const kind = await opened
  return {
    ...kind,
    async step(job, part) {
      const step = await kind.step(job, part)
      if (dies()) throw new StorageError('unavailable', 'Whoever took this step was killed.')
      return step
    },
  }
}

/** Names what is found as `kind store key`, in order. */
export function named({ findings }: Pick<SweepReport, 'findings'>): string[] {
  return findings.map(({ kind, store, key }) => `${kind} ${store} ${key}`).toSorted()
}

export function bytesOf(seed: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let at = 0, block = 0; at < size; block++) {
    const some = createHash('sha256').update(`${seed} ${block}`).digest()
    bytes.set(some.subarray(0, size - at), at)
    at += some.length
  }
  return bytes
}
