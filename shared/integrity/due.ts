// The sweeps that a workspace's rules ask for, begun when they are due and never twice: when each was begun last
// stands in the ledger, and whoever changes that record first begins the next.

import type { Engine } from '#shared/jobs/engine.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import { absentAlone } from '#shared/storage/errors.ts'
import type { IntegrityRules } from './rules.ts'
import { inputOf } from './rules.ts'

type Mode = 'quick' | 'deep'

interface Begun {
  /** In milliseconds since the epoch. */
  at: Partial<Record<Mode, number>>
  job?: string | undefined
}

export interface Due {
  workspace: string
  rules: IntegrityRules
  ledger: Ledger
  jobs: Pick<Engine, 'start' | 'view'>
  now: () => number
}

/** The schedule that asks comes once an hour, and not to the second. */
const EARLY_MS = 15 * 60_000

/** The job that was begun, if any. */
export async function beginDue(due: Due): Promise<string | undefined> {
  const { workspace, rules, ledger, jobs, now } = due
  const name = `integrity/${workspace}/begun`
  const before = await ledger.read<Begun>(name)
  if (!dueMode(before, rules, now()) || (await isRunning(jobs, before?.job))) return undefined
  let mode: Mode | undefined
  await ledger.change<Begun>(name, (found) => {
    mode = dueMode(found, rules, now())
    if (!mode) return found ?? { at: {} }
    // A deep sweep finds whatever a quick one would.
    const at = mode === 'deep' ? { deep: now(), quick: now() } : { ...found?.at, quick: now() }
    return { ...found, at }
  })
  if (!mode) return undefined
  const { id } = await jobs.start('verify', inputOf(rules, mode), 'schedule')
  await ledger.change<Begun>(name, (found) => ({ at: {}, ...found, job: id }))
  return id
}

function dueMode(
  begun: Begun | undefined,
  { quickSeconds, deepSeconds }: IntegrityRules,
  now: number,
): Mode | undefined {
  const isDue = (mode: Mode, seconds: number): boolean => {
    const last = begun?.at[mode]
    return last === undefined || now - last >= seconds * 1000 - EARLY_MS
  }
  if (isDue('deep', deepSeconds)) return 'deep'
  return isDue('quick', quickSeconds) ? 'quick' : undefined
}

/** One sweep at a time; one that rests or was stopped holds up nobody. */
async function isRunning(jobs: Due['jobs'], job: string | undefined): Promise<boolean> {
  if (job === undefined) return false
  const view = await jobs.view(job).catch(absentAlone)
  return view?.state === 'running'
}
