// What was asked of each store, by day and prefix, from what Skein signed and from logs that were imported. Where a
// log covers a store's day it is believed, and says how far the signed count was off; elsewhere the signed
// count stands, as the estimate that it is.

import type { Operation } from '#shared/prices/catalogue.ts'
import type { AccessLine } from './import/access-line.ts'
import type { ReadsRecord } from './read-counts.ts'
import { dayOf, prefixOf } from './read-counts.ts'

export type OperationCounts = Readonly<Partial<Record<Operation, number>>>

export interface UsageRow {
  day: string
  store: string
  prefix: string
  counts: OperationCounts
  sentBytes: number
  /** Reads whose size nobody has told: they are taken for the prefix's mean. */
  unsizedReads: number
}

export interface Usage {
  /** First and last day, both included. */
  from: string
  to: string
  /** Those of them that anything is known of, the last one as far as it has come. */
  days: number
  rows: readonly UsageRow[]
  coverage: Coverage
}

export interface UsageDays {
  from: string
  to: string
  now?: number | undefined
  /** The first day that anything was counted on, where that is later. */
  since?: string | undefined
}

export interface Coverage {
  signedReads: number
  importedReads: number
  /** Of the store-days that both know: signed reads for each that the log has. */
  signedForEachRead: number | undefined
  /** In sentences, for whoever reads a report. */
  says: readonly string[]
}

const PREFIX_DEPTH = 3
const MAX_ROWS = 5000
const DAY_MILLISECONDS = 86_400_000

interface Growing extends UsageRow {
  counts: Partial<Record<Operation, number>>
}

/** Lines of one store's log, added up in bounded memory. */
export function addUpLines(store: string, storePrefix: string) {
  const rows = new Map<string, Growing>()
  let lines = 0

  function rowFor(day: string, key: string): Growing {
    for (let depth = PREFIX_DEPTH; ; depth--) {
      const prefix = prefixOf(key, depth)
      const name = `${day}\n${prefix}`
      const found = rows.get(name)
      if (found) return found
      if (depth > 0 && rows.size >= MAX_ROWS) continue
      const row: Growing = { day, store, prefix, counts: {}, sentBytes: 0, unsizedReads: 0 }
      rows.set(name, row)
      return row
    }
  }

  return {
    /** False where it is about something outside the store. */
    add({ at, operation, key, sentBytes }: AccessLine): boolean {
      if (key !== '' && !key.startsWith(storePrefix)) return false
      lines++
      const row = rowFor(dayOf(at.getTime()), key.slice(storePrefix.length))
      row.counts[operation] = (row.counts[operation] ?? 0) + 1
      row.sentBytes += sentBytes
      return true
    },
    get lines() {
      return lines
    },
    rows: (): UsageRow[] => [...rows.values()],
  }
}

export function rowsOfReads({ day, counts }: ReadsRecord): UsageRow[] {
  return counts.map(({ store, prefix, reads, sizedReads, sizedBytes }) => ({
    ...{ day, store, prefix, counts: { get: reads } },
    ...{ sentBytes: sizedBytes, unsizedReads: reads - sizedReads },
  }))
}

export function usageOf(
  signed: readonly UsageRow[],
  imported: readonly UsageRow[],
  asked: UsageDays,
): Usage {
  const { from, to } = asked
  const within = ({ day }: UsageRow) => day >= from && day <= to
  const logged = addUpRows(imported.filter(within))
  const told = addUpRows(signed.filter(within))
  const covered = new Set(logged.map(placeOf))
  return {
    ...{ from, to, days: daysKnown(asked) },
    rows: [...logged, ...told.filter((row) => !covered.has(placeOf(row)))],
    coverage: coverageOf(told, logged, covered),
  }
}

/** One at least: what an hour has seen is no month's measure. */
function daysKnown({ from, to, now = Number.POSITIVE_INFINITY, since = from }: UsageDays): number {
  const begin = Math.max(Date.parse(from), Date.parse(since))
  const end = Math.min(Date.parse(to) + DAY_MILLISECONDS, now)
  return Math.max(1, (end - begin) / DAY_MILLISECONDS)
}

function placeOf({ day, store }: UsageRow): string {
  return `${day}\n${store}`
}

/** One row for each day, store and prefix. */
export function addUpRows(rows: readonly UsageRow[]): UsageRow[] {
  const sums = new Map<string, UsageRow>()
  for (const row of rows) {
    const name = `${placeOf(row)}\n${row.prefix}`
    const found = sums.get(name)
    sums.set(name, found ? both(found, row) : row)
  }
  return [...sums.values()]
}

function both(a: UsageRow, b: UsageRow): UsageRow {
  const counts: Partial<Record<Operation, number>> = { ...a.counts }
  for (const [operation, count] of Object.entries(b.counts) as [Operation, number][])
    counts[operation] = (counts[operation] ?? 0) + count
  return {
    ...a,
    counts,
    sentBytes: a.sentBytes + b.sentBytes,
    unsizedReads: a.unsizedReads + b.unsizedReads,
  }
}

function coverageOf(
  signed: readonly UsageRow[],
  logged: readonly UsageRow[],
  covered: ReadonlySet<string>,
): Coverage {
  const readsOf = (rows: readonly UsageRow[]) =>
    rows.reduce((sum, { counts }) => sum + (counts.get ?? 0), 0)
  const signedReads = readsOf(signed)
  const importedReads = readsOf(logged)
  const signedThere = readsOf(signed.filter((row) => covered.has(placeOf(row))))
  const says = [
    ...(covered.size === 0
      ? [
          'Reads are the downloads that Skein signed: one that was signed may not have been fetched, or more than once, and readers that go to a store by themselves are not seen.',
        ]
      : [`Reads of ${covered.size} store-days are from imported logs; the others were signed.`]),
    ...(signedReads + importedReads === 0 ? ['No read is known at all.'] : []),
    'An instance that ended between two writes of its counts has lost up to a minute of them.',
  ]
  const signedForEachRead = importedReads === 0 ? undefined : signedThere / importedReads
  return { signedReads, importedReads, signedForEachRead, says }
}

/** What a month of it would be, for each store and prefix; reads without a size take the mean that is given. */
export function monthlyRates(
  { rows, days }: Usage,
  meanBytes: (store: string, prefix: string) => number,
  monthDays = 30,
): MonthlyRate[] {
  const sums = new Map<string, UsageRow>()
  for (const row of rows) {
    const name = `${row.store}\n${row.prefix}`
    const found = sums.get(name)
    sums.set(name, found ? both(found, row) : row)
  }
  const factor = monthDays / Math.max(1, days)
  return [...sums.values()].map(({ store, prefix, counts, sentBytes, unsizedReads }) => ({
    ...{ store, prefix },
    counts: Object.fromEntries(
      Object.entries(counts).map(([operation, count]) => [operation, Math.round(count * factor)]),
    ),
    sentBytes: Math.round((sentBytes + unsizedReads * meanBytes(store, prefix)) * factor),
  }))
}

export interface MonthlyRate {
  store: string
  prefix: string
  counts: OperationCounts
  sentBytes: number
}
