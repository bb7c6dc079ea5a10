// A histogram as Prometheus has it: a counter for each bound, which counts everything up to it, a sum and a
// count.

import type { Counters, Labels } from './counters.ts'

export type Observe = (seconds: number) => void

/** Bounds are in seconds, the smallest first. */
export function createHistogram(
  counters: Counters,
  name: string,
  labels: Labels,
  bounds: readonly number[],
): Observe {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound) => {
    const le = Number.isFinite(bound) ? String(bound) : '+Inf'
    return { bound, counter: counters.counter(`${name}_bucket`, { ...labels, le }) }
  })
  const sum = counters.counter(`${name}_sum`, labels)
  const count = counters.counter(`${name}_count`, labels)
  return (seconds) => {
    for (const { bound, counter } of buckets) if (seconds <= bound) counter.value++
    sum.value += seconds
    count.value++
  }
}
