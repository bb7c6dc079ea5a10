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
  /** Of a forecast: what is not in it, since nobody knows its price. */
  unknown?: readonly string[] | undefined
}

interface AlertPlace {
  workspace: string
  ledger: Ledger
  cost: CostRules
  now: () => number
  send(tasks: readonly Task[]): Promise<void>
}

interface Told {
  month: string
  alerts: readonly string[]
}

export function alertsOf(
  budgets: readonly Budget[],
  { month, forecast, unknown }: Plain<Report>,
  { lately, inventory }: Pick<Analysis, 'lately' | 'inventory'>,
): Alert[] {
  const sentGb = sentIn(lately, inventory) / 1e9
  const requests = requestsADay(lately)
  return budgets.flatMap(({ name: budget, forecastUsd, egressGb, requestsADay: most }) => {
    const over = (what: Alert['what'], limit: number | undefined, found: number): Alert[] =>
      limit !== undefined && found > limit
        ? [{ budget, what, limit, found, month, ...(what === 'forecast' && { unknown }) }]
        : []
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

/**
 * Sends those that nobody was told of this month, and then notes that: should the note be lost, they are told again
 * by the same ids.
 */
export async function sendAlerts(place: AlertPlace, alerts: readonly Alert[]): Promise<void> {
  const { workspace, ledger, cost, now } = place
  const [first] = alerts
  if (!first || cost.webhooks.length === 0) return
  const { month } = first
  const record = await ledger.read<Told>(costNames.alerts(workspace))
  const told = record?.month === month ? record.alerts : []
  const news = alerts.filter((alert) => !told.includes(nameOf(alert)))
  if (news.length === 0) return
  const timestamp = new Date(now()).toISOString()
  const tasks = news.flatMap((alert) =>
    cost.webhooks.map(({ url }): Task => {
      const data = { workspace, ...alert }
      const body = JSON.stringify({ type: 'cost.budget-exceeded', timestamp, data })
      const id = idOf(workspace, url, alert)
      return { v: 1, kind: 'cost', does: 'tell', workspace, url, id, body }
    }),
  )
  await place.send(tasks)
  const kept: Told = { month, alerts: [...told, ...news.map(nameOf)] }
  await ledger.write(costNames.alerts(workspace), kept)
}

/** A limit that was raised since is another occasion. */
function nameOf({ budget, what, limit }: Pick<Alert, 'budget' | 'what' | 'limit'>): string {
  return `${what} ${budget} ${limit}`
}

/** The same for the same occasion, told twice or not. */
function idOf(workspace: string, url: string, alert: Alert): string {
  const about = JSON.stringify([workspace, url, alert.month, nameOf(alert)])
  return `msg_${createHash('sha256').update(about).digest('base64url').slice(0, 27)}`
}
