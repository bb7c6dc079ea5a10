// What a step adds to the counts of its part, and what it may still spend of the part's share of the budget.

import type { PairRecord } from '#shared/compare/pair.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { Tally } from '#shared/jobs/job.ts'
import type { ReadPrice } from './costs.ts'
import { spentOn } from './costs.ts'
import { verifiedAt } from './coverage.ts'
import type { Finding } from './findings.ts'
import type { Spent } from './look.ts'
import type { SweepRow } from './rows.ts'
import { holding } from './rows.ts'

/** The object whose bytes nobody has looked at for longest. */
export interface Oldest {
  key: string
  /** In milliseconds since the epoch; of one that was never read, when it was written. */
  since: number
  never: boolean
}

export interface Counted {
  findings: readonly Finding[]
  /** Of each pair, how it is known to be the same; undefined where it is not, or nobody knows. */
  proven: readonly (Grade | undefined)[]
  /** To be kept of each pair. */
  records: readonly (PairRecord | undefined)[]
  pending: boolean
  /** Stores whose copies lie in an archive, and were to be read. */
  archived: boolean
}

export interface CountsOf {
  prices: readonly ReadPrice[]
  /** The stores that `proven` is of. */
  followers: readonly string[]
  /** What was read before then is late. */
  lateBefore: number
  /** Billionths of a dollar that the part has spent on reading so far. */
  spentBefore: number
  oldest: Oldest | undefined
}

export class Counts {
  readonly #of: CountsOf
  readonly #sum: Record<string, number> = {}
  #promised = 0
  oldest: Oldest | undefined

  constructor(of: CountsOf) {
    this.#of = of
    this.oldest = of.oldest
  }

  get tally(): Tally {
    return this.#sum
  }

  listed(store: number): void {
    this.count('requests.list')
    this.count('nano', this.#of.prices[store]!.list)
  }

  /** What has been spent by now and what has been promised to others is taken off the limit. */
  maySpend(nano: number, limit: number | undefined): boolean {
    if (limit === undefined) return true
    const { spentBefore } = this.#of
    const spent = spentBefore + (this.#sum['nano.read'] ?? 0)
    const may = spent + this.#promised + nano <= limit
    if (may) this.#promised += nano
    else this.count('over-budget')
    return may
  }

  /** What it really took is counted by now. */
  settle(nano: number): void {
    this.#promised -= nano
  }

  add(row: SweepRow, { findings, proven, records, pending, archived }: Counted): void {
    const primary = row.objects.find((one) => one !== undefined)
    if (!primary) return
    this.count('objects')
    this.count('bytes', primary.size)
    if (pending) this.count('pending')
    if (archived) this.count('archived')
    for (const { kind } of findings) this.count(`found.${kind}`)
    for (const [at, grade] of proven.entries()) {
      const store = this.#of.followers[at]
      const isBad = findings.some((one) => one.store === store && one.kind !== 'metadata')
      if (grade && !isBad && row.objects[0]) this.count(`same.${grade}`)
    }
    const [source] = row.objects
    const holds = source && holding({ objects: row.objects, records })
    if (holds) this.#age(row.key, source.modified.getTime(), holds)
  }

  #age(key: string, modified: number, records: Counted['records']): void {
    const at = verifiedAt(records)
    const isLate = at !== undefined && at < this.#of.lateBefore
    this.count(at === undefined ? 'read.never' : isLate ? 'read.late' : 'read.in-time')
    const since = at ?? modified
    const never = at === undefined
    if (!this.oldest || isOlder(this.oldest, since, never)) this.oldest = { key, since, never }
  }

  spend(spent: readonly Spent[]): void {
    for (const [at, one] of spent.entries()) {
      const nano = spentOn(this.#of.prices[at]!, one)
      this.count('requests.head', one.heads)
      this.count('requests.get', one.gets)
      this.count('read.bytes', one.bytes)
      this.count('nano', nano)
      this.count('nano.read', nano)
    }
  }

  count(name: string, more = 1): void {
    if (more !== 0) this.#sum[name] = (this.#sum[name] ?? 0) + more
  }
}

/** Whether one of that age is older than this: what was never read is older than all that were. */
export function isOlder(oldest: Oldest, since: number, never: boolean): boolean {
  return never === oldest.never ? since < oldest.since : never
}
