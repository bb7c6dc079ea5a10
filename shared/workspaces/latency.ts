// How fast each store answers this process: a moving average over the reads that are made anyway. The first
// answer of a store is not counted, since it pays for opening the driver and the connection.

import type { Observation } from '#shared/storage/call.ts'
import { isUnwell } from '#shared/storage/circuits.ts'

/** Weight of the newest; about ten answers are remembered. */
const NEWEST = 0.2
/** A store that is not chosen is not measured by use: older than this, it is worth a look. */
const FRESH_MILLISECONDS = 300_000

export interface Latencies {
  observe(observation: Observation): void
  /** Milliseconds until an answer begins, or undefined where nothing has been measured. */
  of(store: string): number | undefined
  /** True for one asker while there is no fresh measure: a look at the store would give one. */
  wantsLook(store: string): boolean
}

interface Measure {
  milliseconds: number | undefined
  at: number
}

export function createLatencies({ now }: { now: () => number }): Latencies {
  const measures = new Map<string, Measure>()
  const lookedAt = new Map<string, number>()
  const isFresh = (at: number | undefined) => at !== undefined && now() - at < FRESH_MILLISECONDS

  return {
    observe({ store, operation, error, milliseconds }) {
      if ((operation !== 'head' && operation !== 'get') || error === 'internal' || isUnwell(error))
        return
      const known = measures.get(store)
      measures.set(store, {
        milliseconds: known && average(known.milliseconds, milliseconds),
        at: now(),
      })
    },
    of: (store) => measures.get(store)?.milliseconds,
    wantsLook(store) {
      const known = measures.get(store)
      if (known?.milliseconds !== undefined && isFresh(known.at)) return false
      if (isFresh(lookedAt.get(store))) return false
      lookedAt.set(store, now())
      return true
    },
  }
}

function average(known: number | undefined, newest: number): number {
  return known === undefined ? newest : known + NEWEST * (newest - known)
}
