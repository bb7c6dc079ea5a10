// What became of the tasks of the queue, and how long changes took until they were at their replica.

import type { Counters } from './counters.ts'
import { FAMILIES } from './families.ts'
import type { Observe } from './histogram.ts'
import { createHistogram } from './histogram.ts'

/** In seconds: from at once to what has long been told of as missed. */
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]

export interface TaskMeter {
  ended(kind: string, result: string): void
  /** The replica agrees with a change that was made so long ago. */
  arrived(workspace: string, store: string, milliseconds: number): void
}

export function createTaskMeter(counters: Counters): TaskMeter {
  const replicas = new Map<string, Observe>()
  return {
    ended: (kind, result) => counters.add(FAMILIES.tasks.name, { kind, result }),
    arrived(workspace, store, milliseconds) {
      const name = `${workspace} ${store}`
      let observe = replicas.get(name)
      if (!observe) {
        const labels = { workspace, store }
        observe = createHistogram(counters, FAMILIES.arrivals.name, labels, BOUNDS)
        replicas.set(name, observe)
      }
      observe(Math.max(milliseconds, 0) / 1000)
    },
  }
}
