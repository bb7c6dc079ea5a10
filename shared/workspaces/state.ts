// Where the truth of a workspace is whose writes may fail over: one small record in the ledger, changed by
// compare-and-set alone. Whoever signs reads it through a cache; whoever cannot read it goes on by the last
// that he knew, and whatever lands in the wrong store for that is taken over when the stores meet again.

import type { Ledger } from '#shared/jobs/ledger.ts'
import { isStorageError } from '#shared/storage/errors.ts'

/** A store that was the truth, and may hold changes that nobody has taken over yet. */
export interface Behind {
  /** When it ceased to be the truth, in milliseconds since the epoch, as all times here. */
  since: number
  /** Until then URLs that were signed for it may still write there. */
  lateUntil: number
  /** When the last whole comparison with the truth began, of those that were carried through. */
  comparedAt?: number | undefined
}

export interface EpochChange {
  epoch: number
  what: 'failed-over' | 'returning' | 'failed-back' | 'settled'
  from: string
  to: string
  at: number
  by: string
  reason?: string | undefined
}

export interface WorkspaceState {
  /** 0 until the truth first moves; one more with every change. */
  epoch: number
  /** The store that is the truth. */
  acting: string
  /** Who has asked for the way back; it is gone when the primary holds all that the epoch changed. */
  returning?: { by: string; reason?: string | undefined } | undefined
  behind: Readonly<Record<string, Behind>>
  /** Of stores that are no longer behind: what was written there by then is no stranger's. */
  settled: Readonly<Record<string, number>>
  /** The last ones, the oldest first. */
  changes: readonly EpochChange[]
}

export interface States {
  /** At most half a minute old where the ledger answers. */
  current(): Promise<WorkspaceState>
  /** The same, for work that can wait: fails where nothing is known at all. */
  known(): Promise<WorkspaceState>
  /** As the ledger has it now; fails where the ledger does not answer. */
  fresh(): Promise<WorkspaceState>
  /** Compare-and-set; `next` may give back what it was given, or throw. */
  change(next: (state: WorkspaceState) => WorkspaceState): Promise<WorkspaceState>
}

export interface StatesOptions {
  ledger: Ledger
  workspace: string
  /** As the configuration has it. */
  primary: string
  now: () => number
  /** Work that nobody waits for. */
  background: (work: Promise<unknown>) => void
}

export const STATE_TERM_SECONDS = 30
const REFRESH_AFTER_MILLISECONDS = 15_000
/** A ledger that does not answer is not asked again by each who signs. */
const PAUSE_MILLISECONDS = 5000
const PATIENCE_MILLISECONDS = 3000

export function createStates(options: StatesOptions): States {
  const { ledger, workspace, primary, now, background } = options
  const name = `state/${workspace}`
  const first: WorkspaceState = { epoch: 0, acting: primary, behind: {}, settled: {}, changes: [] }
  let known: { state: WorkspaceState; at: number } | undefined
  let askAgainAt = 0

  function learn(state: WorkspaceState, at: number): WorkspaceState {
    if (known === undefined || state.epoch >= known.state.epoch) known = { state, at }
    return state
  }

  async function fresh(): Promise<WorkspaceState> {
    const at = now()
    return learn((await ledger.read<WorkspaceState>(name)) ?? first, at)
  }

  async function ask(): Promise<WorkspaceState> {
    if (now() < askAgainAt) return known?.state ?? first
    try {
      return (await soon(fresh())) ?? pause()
    } catch (error) {
      if (!isStorageError(error)) throw error
      return pause()
    }
  }

  function pause(): WorkspaceState {
    askAgainAt = now() + PAUSE_MILLISECONDS
    return known?.state ?? first
  }

  async function current(): Promise<WorkspaceState> {
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.at
    if (known === undefined || age > STATE_TERM_SECONDS * 1000) return ask()
    if (age > REFRESH_AFTER_MILLISECONDS) background(ask())
    return known.state
  }

  return {
    ...{ fresh, current },
    known: () => (known === undefined ? fresh() : current()),
    async change(next) {
      const at = now()
      return learn(await ledger.change<WorkspaceState>(name, (found) => next(found ?? first)), at)
    },
  }
}

/** Undefined when it takes too long for somebody who waits to sign. */
async function soon<T>(reading: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MILLISECONDS)
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    clearTimeout(timer)
    // Whoever comes too late fails for nobody.
    reading.catch(() => undefined)
  }
}
