// Counts by name, added up as they come: a step counts very many.

import type { Tally } from '#shared/jobs/job.ts'

export interface Counting {
  add(tally: Tally | undefined): void
  readonly tally: Tally
}

export function createCounting(): Counting {
  const sum: Record<string, number> = {}
  return {
    add(tally = {}) {
      for (const [name, count] of Object.entries(tally)) sum[name] = (sum[name] ?? 0) + count
    },
    get tally() {
      return sum
    },
  }
}
