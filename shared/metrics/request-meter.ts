// How often a route was answered with which status: one addition a request.

import type { Counter, Counters } from './counters.ts'
import { FAMILIES } from './families.ts'

export function createRequestMeter(
  counters: Counters,
  method: string,
  route: string,
): (status: number) => void {
  const byStatus = new Map<number, Counter>()
  return (status) => {
    let counter = byStatus.get(status)
    if (!counter) {
      const labels = { method, route, status: String(status) }
      counter = counters.counter(FAMILIES.requests.name, labels)
      byStatus.set(status, counter)
    }
    counter.value++
  }
}
