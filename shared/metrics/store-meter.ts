// What is counted of one store: the requests made to it, and what was signed for it.

import type { Counter, Counters } from './counters.ts'
import { FAMILIES } from './families.ts'
import type { Observe } from './histogram.ts'
import { createHistogram } from './histogram.ts'

/** In seconds: from a store next door to one that is about to be given up. */
export const STORE_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface StoreMeter {
  /** A request that was answered, or failed with a kind of error. */
  requested(operation: string, milliseconds: number, error: string | undefined): void
  signed(action: string): void
}

export function createStoreMeter(
  counters: Counters,
  { store, provider }: { store: string; provider: string },
): StoreMeter {
  const operations = new Map<string, Observe>()
  const actions = new Map<string, Counter>()
  return {
    requested(operation, milliseconds, error) {
      const labels = { store, operation }
      let observe = operations.get(operation)
      if (!observe) {
        observe = createHistogram(counters, FAMILIES.storeSeconds.name, labels, STORE_BOUNDS)
        operations.set(operation, observe)
      }
      observe(milliseconds / 1000)
      if (error !== undefined) counters.add(FAMILIES.storeErrors.name, { ...labels, kind: error })
    },
    signed(action) {
      let counter = actions.get(action)
      if (!counter) {
        counter = counters.counter(FAMILIES.signed.name, { provider, action })
        actions.set(action, counter)
      }
      counter.value++
    },
  }
}
