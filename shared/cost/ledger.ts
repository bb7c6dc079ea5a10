// What cost keeps in the ledger: each instance's counts until they are added up by the day, what was imported, the
// last inventory and the one that growth is measured against.

import { createHash } from 'node:crypto'
import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Inventory, InventoryRecord } from './inventory.ts'
import { readInventory } from './inventory.ts'
import { costNames } from './names.ts'
import type { ReadsRecord } from './read-counts.ts'
import { dayOf } from './read-counts.ts'
import type { Usage, UsageRow } from './usage.ts'
import { addUpRows, rowsOfReads, usageOf } from './usage.ts'

interface DayRecord {
  /** Those of the instances' records that are in it: should they still lie there, they do not count again. */
  from: readonly string[]
  rows: readonly UsageRow[]
}

const DAY_MILLISECONDS = 86_400_000
/** An inventory this old is kept for growth to be measured against. */
const APART_DAYS = 7

/** Days are given as `2026-11-21`. Those that are over are added up on the way. */
export async function readUsage(
  ledger: Ledger,
  workspace: string,
  { from, to, now }: { from: string; to: string; now: number },
): Promise<Usage> {
  const days: string[] = []
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MILLISECONDS) days.push(dayOf(at))
  const signed = await Promise.all(days.map((day) => readDay(ledger, workspace, day, now)))
  const imported = await readImported(ledger, workspace)
  const since = await firstDay(ledger, workspace, imported)
  return usageOf(signed.flat(), imported, { from, to, now, since })
}

/** That anything is known of; undefined where nothing is. Names are listed in order. */
async function firstDay(
  ledger: Ledger,
  workspace: string,
  imported: readonly UsageRow[],
): Promise<string | undefined> {
  const prefixes = [costNames.allDays(workspace), costNames.allReads(workspace)]
  const firsts = await Promise.all(
    prefixes.map(async (prefix) => {
      const { entries } = await ledger.list(prefix, { limit: 1 })
      return entries[0]?.name.slice(prefix.length).slice(0, '2026-11-21'.length)
    }),
  )
  const known = [...firsts.filter((day) => day !== undefined), ...imported.map(({ day }) => day)]
  return known.reduce<string | undefined>(
    (first, day) => (first === undefined || day < first ? day : first),
    undefined,
  )
}

async function readDay(
  ledger: Ledger,
  workspace: string,
  day: string,
  now: number,
): Promise<readonly UsageRow[]> {
  const kept = await ledger.read<DayRecord>(costNames.day(workspace, day))
  const names = await allNames(ledger, costNames.readsOfDay(workspace, day))
  if (names.length === 0) return kept?.rows ?? []
  const news = names.filter((name) => !kept?.from.includes(name))
  const records = await Promise.all(news.map((name) => ledger.read<ReadsRecord>(name)))
  const told = records.filter((one) => one !== undefined).flatMap(rowsOfReads)
  const rows = addUpRows([...(kept?.rows ?? []), ...told])
  // An instance may still write a minute after midnight.
  if (now - Date.parse(day) > DAY_MILLISECONDS + 3_600_000) {
    const record: DayRecord = { from: [...(kept?.from ?? []), ...news], rows }
    await ledger.write(costNames.day(workspace, day), record)
    await ledger.remove(...names)
  }
  return rows
}

async function readImported(ledger: Ledger, workspace: string): Promise<UsageRow[]> {
  const names = await allNames(ledger, costNames.allImported(workspace))
  const records = await Promise.all(names.map((name) => ledger.read<{ rows: UsageRow[] }>(name)))
  return records.flatMap((record) => record?.rows ?? [])
}

async function allNames(ledger: Ledger, prefix: string): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page = await ledger.list(prefix, { cursor })
    names.push(...page.entries.map(({ name }) => name))
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return names
}

/** The same rows again change nothing. */
export async function keepImported(
  ledger: Ledger,
  workspace: string,
  rows: readonly UsageRow[],
): Promise<void> {
  const digest = createHash('sha256').update(JSON.stringify(rows)).digest('base64url')
  await ledger.write(costNames.imported(workspace, digest), { rows })
}

export async function keepInventory(ledger: Ledger, record: InventoryRecord): Promise<void> {
  const { workspace, takenAt } = record
  const last = await ledger.read<InventoryRecord>(costNames.inventory(workspace))
  const earlier = await ledger.read<InventoryRecord>(costNames.earlier(workspace))
  const apart = (from: string) => Date.parse(takenAt) - Date.parse(from)
  const isOld = !earlier || apart(earlier.takenAt) > 2 * APART_DAYS * DAY_MILLISECONDS
  if (last && isOld) await ledger.write(costNames.earlier(workspace), last)
  await ledger.write(costNames.inventory(workspace), record)
}

export async function readInventories(
  ledger: Ledger,
  workspace: string,
): Promise<{ last: Inventory | undefined; earlier: Inventory | undefined }> {
  const [last, earlier] = await Promise.all([
    ledger.read<InventoryRecord>(costNames.inventory(workspace)),
    ledger.read<InventoryRecord>(costNames.earlier(workspace)),
  ])
  return { last: last && readInventory(last), earlier: earlier && readInventory(earlier) }
}
