// Budgets: what a month's forecast, what is sent in it, or the requests of a day may come to. What is exceeded is
// told once a month for each budget and receiver, by webhooks, through the queue, which tries again until it is taken.

import { createHash } from 'node:crypto'
import type { Task } from '#shared/platform.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Analysis } from './analysis.ts'
import { costNames } from './names.ts'
import type { Plain } from './plain.ts'
import type { Report } from './report.ts'
import type { Budget, CostRules } from './rules.ts'
import type { Usage } from './usage.ts'
import { monthlyRates } from './usage.ts'
import { meanSizes } from './spread.ts'

export interface Alert {
  budget: string
  what: 'forecast' | 'egress' | 'requests'
  limit: number
  found: number
  month: string
}

interface AlertPlace {
  workspace: string
  ledger: Ledger
  cost: CostRules
  now: () => number
}

interface Told {
  month: string
  alerts: readonly string[]
}

export function alertsOf(
  budgets: readonly Budget[],
  { month, forecast }: Plain<Report>,
  { lately, inventory }: Pick<Analysis, 'lately' | 'inventory'>,
): Alert[] {
  const sentGb = sentIn(lately, inventory) / 1e9
  const requests = requestsADay(lately)
  return budgets.flatMap(({ name: budget, forecastUsd, egressGb, requestsADay: most }) => {
    const over = (what: Alert['what'], limit: number | undefined, found: number): Alert[] =>
      limit !== undefined && found > limit ? [{ budget, what, limit, found, month }] : []
    return [
      ...over('forecast', forecastUsd, Number(forecast.amount)),
      ...over('egress', egressGb, sentGb),
      ...over('requests', most, requests),
    ]
  })
}

function sentIn(usage: Usage, inventory: Analysis['inventory']): number {
  return monthlyRates(usage, meanSizes(inventory)).reduce(
    (sum, { sentBytes }) => sum + sentBytes,
    0,
  )
}

/** On average over the days that were looked at. */
function requestsADay({ rows, days }: Usage): number {
  const all = rows.flatMap(({ counts }) => Object.values(counts))
  return all.reduce((sum, count) => sum + count, 0) / Math.max(1, days)
}

/** Those that nobody was told of this month. */
export async function alertTasks(
  { workspace, ledger, cost, now }: AlertPlace,
  report: Plain<Report>,
  analysis: Pick<Analysis, 'lately' | 'inventory'>,
): Promise<Task[]> {
  const alerts = alertsOf(cost.budgets, report, analysis)
  if (alerts.length === 0 || cost.webhooks.length === 0) return []
  const record = await ledger.read<Told>(costNames.alerts(workspace))
  const told = record?.month === report.month ? record.alerts : []
  const news = alerts.filter((alert) => !told.includes(nameOf(alert)))
  if (news.length === 0) return []
  const kept: Told = { month: report.month, alerts: [...told, ...news.map(nameOf)] }
  await ledger.write(costNames.alerts(workspace), kept)
  const timestamp = new Date(now()).toISOString()
  return news.flatMap((alert) =>
    cost.webhooks.map(({ url }): Task => {
      const data = { workspace, ...alert }
      const body = JSON.stringify({ type: 'cost.budget-exceeded', timestamp, data })
      const id = idOf(workspace, url, alert)
      return { v: 1, kind: 'cost', does: 'tell', workspace, url, id, body }
    }),
  )
}

function nameOf({ budget, what }: Alert): string {
  return `${what} ${budget}`
}

/** The same for the same occasion, told twice or not. */
function idOf(workspace: string, url: string, alert: Alert): string {
  const about = JSON.stringify([workspace, url, alert.month, nameOf(alert)])
  return `msg_${createHash('sha256').update(about).digest('base64url').slice(0, 27)}`
}
