// The truth moves in the simulation: by people who ask for it when a store has failed, or when none has, by
// function instances that may die over it; and comes home when the weather is fine again.

import type { Run } from './run.ts'
import { advance, isDone, message } from './run.ts'
import type { StoreName } from './world.ts'
import { STORES, stateOf } from './world.ts'

const ROUNDS = 30
const WATCH = { v: 1, kind: 'watch-replication', workspace: 'app' } as const

/** Over to another, on to a third, or on the way back. */
export async function move(run: Run): Promise<void> {
  const { random, standIns } = run
  const { replication } = run.start(run.scheduler.begin())
  const others = standIns.filter((name) => name !== run.truth())
  const isHome = run.truth() === 'main'
  const goesOn = isHome || (others.length > 0 && random.chance(0.2))
  const to = goesOn ? random.pick(others) : 'main'
  const asked =
    goesOn || random.chance(0.3)
      ? replication.failOver({ to }, 'somebody')
      : replication.failBack({}, 'somebody')
  void asked.catch(() => undefined)
}

/** The store that takes the writes, and no other, answers nobody for a while. */
export async function outage(run: Run): Promise<void> {
  run.weather.down.clear()
  run.weather.down.add(run.truth())
}

export async function watch(run: Run): Promise<void> {
  run.messages.push(message(run, WATCH))
}

/** One that URLs of before may still write to. */
export async function lateStore(run: Run): Promise<StoreName | undefined> {
  const { behind } = await stateOf(run)
  return STORES.find((name) => (behind[name]?.lateUntil ?? 0) > run.scheduler.now)
}

/** Until all is as it was configured; what is wrong then, as sentences. */
export async function comeHome(run: Run, drain: () => Promise<void>): Promise<string[]> {
  for (let round = 0; round < ROUNDS; round++) {
    const state = await stateOf(run)
    const isHome = state.acting === 'main'
    if (isHome && Object.keys(state.behind).length === 0) return []
    if (!isHome && !state.returning) await goBack(run)
    run.messages.push(message(run, WATCH))
    await drain()
    const late = Object.values(state.behind).map(({ lateUntil }) => lateUntil)
    const wait = Math.max(...late, run.scheduler.now) - run.scheduler.now
    advance(run, Math.max(wait, 3_600_000))
  }
  return [`the truth never comes home: ${JSON.stringify(await stateOf(run))}`]
}

async function goBack(run: Run): Promise<void> {
  const { replication } = run.start(run.scheduler.begin())
  const asking = replication.failBack({}, 'somebody')
  while (!(await isDone(asking))) await run.scheduler.release()
  await asking
}
