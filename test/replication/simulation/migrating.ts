// Somebody moves the whole workspace in the simulation: every key is carried to another store while all others go on
// writing and deleting, the truth moves at any moment, and comparisons take over what the last moments brought, in
// steps of which any may be the last one of its process. Often he changes his mind, and brings it back.

import type { Task } from '#shared/platform.ts'
import type { Moving } from '#shared/replication/moving.ts'
import type { Replication } from '#shared/replication/replication.ts'
import type { Run } from './run.ts'

const COMPARISONS = 4

/** By a process of its own, which may die anywhere; the schedule does what it leaves undone. */
export async function migrate(run: Run): Promise<void> {
  const others = run.standIns.filter((name) => name !== run.truth())
  if (others.length === 0) return
  const to = run.random.pick(others)
  const { replication } = run.start(run.scheduler.begin())
  void moveOver(run, replication, to).catch(() => undefined)
}

async function moveOver(run: Run, replication: Replication, to: string): Promise<void> {
  const { random } = run
  const moving = await replication.moving()
  const rounds = 1 + random.below(2)
  for (let round = 0; round < rounds; round++) {
    // One object that cannot be carried holds up no other.
    for (const key of run.keys) await moving.carry(to, key, () => true).catch(() => undefined)
  }
  await replication.failOver({ to, reason: 'a migration' }, 'somebody')
  await compare(run, moving)
  if (random.chance(0.5)) return
  await replication.failBack({ reason: 'a migration is rolled back' }, 'somebody')
  await compare(run, moving)
}

/** As the steps of a job do: with a cursor, and as often as it takes. */
async function compare({ random }: Run, moving: Moving): Promise<void> {
  let left: readonly Task[] = []
  for (let round = 0; round < COMPARISONS; round++) {
    left = await moving.catchUp(() => random.chance(0.8), left)
  }
}
