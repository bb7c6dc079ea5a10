// The truth that moves by itself: probed once a minute, in the storm with whatever fails by then, and once more in
// peace, where it has to move when the rules say so, no sooner, and to whom they say.

import type { Run } from './run.ts'
import { advance, carryOut, message } from './run.ts'
import { AUTOMATIC, stateOf } from './world.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'

const PROBE = { v: 1, kind: 'probe-truth', workspace: 'app' } as const
const MINUTE_MILLISECONDS = 60_000
const MOST_MINUTES = 6
const LEAST_MILLISECONDS = AUTOMATIC.over * 1000

/** Some minutes of the schedule, in which the store that takes the writes may fail. */
export async function probe(run: Run): Promise<void> {
  const { random, messages, weather, scheduler } = run
  if (random.chance(0.7)) weather.down.add(run.truth())
  const minutes = 1 + random.below(MOST_MINUTES)
  for (let minute = 0; minute < minutes; minute++) {
    const visibleAt = scheduler.now + minute * MINUTE_MILLISECONDS
    messages.push({ ...message(run, PROBE), visibleAt })
  }
}

/** What is wrong, as sentences. Afterwards all stores answer again. */
export async function failInPeace(run: Run): Promise<string[]> {
  const before = await stateOf(run)
  const look = async (): Promise<string> => {
    await carryOut(run, message(run, PROBE))
    return run.truth()
  }
  // One that succeeds ends what the storm had counted.
  await look()
  run.weather.down.add(before.acting)
  const whole = mayBeTruth(run).filter((name) => !before.behind[name])
  const next = whole.find((name) => name !== before.acting) ?? before.acting
  const problems: string[] = []
  for (let failed = 1; failed <= AUTOMATIC.failures; failed++) {
    const wanted = failed < AUTOMATIC.failures ? before.acting : next
    const found = await look()
    if (found !== wanted) {
      problems.push(`after ${failed} probes that failed the truth is ${found}, and not ${wanted}`)
    }
    advance(run, LEAST_MILLISECONDS / (AUTOMATIC.failures - 1))
  }
  run.weather.down.clear()
  return problems
}

/** By itself it moves to whom the rules name and who holds all, and not before it has failed for long enough. */
export function wrongMoves(run: Run): string[] {
  const { history } = run
  const problems: string[] = []
  let before: WorkspaceState | undefined
  for (const state of history) {
    const last = state.changes.at(-1)
    const isNew = state.epoch !== before?.epoch
    if (isNew && last?.what === 'failed-over' && last.by === 'skein') {
      const { to, at } = last
      const since = before?.changes.at(-1)?.at ?? 0
      if (!mayBeTruth(run).includes(to)) problems.push(`it moved itself to ${to}`)
      if (before?.behind[to]) problems.push(`it moved itself to ${to}, which was behind`)
      if (at - since < LEAST_MILLISECONDS)
        problems.push(`it moved itself ${at - since} ms after a move`)
    }
    before = state
  }
  return problems
}

/** In the order in which they are asked. */
function mayBeTruth({ standIns }: Run): string[] {
  return [...standIns, 'main']
}
