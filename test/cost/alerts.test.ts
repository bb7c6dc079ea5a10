// Budgets: each is told of once a month, again when its limit was raised and is exceeded as well, and never noted
// as told before it was sent. What a forecast leaves out for want of a price goes with it.

import { expect, test } from 'vitest'
import type { Alert } from '#shared/cost/alerts.ts'
import { alertsOf, sendAlerts } from '#shared/cost/alerts.ts'
import { toPlain } from '#shared/cost/plain.ts'
import { reportOf } from '#shared/cost/report.ts'
import { costRules } from '#shared/cost/rules.ts'
import type { Budget } from '#shared/cost/rules.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import { openStore } from '#shared/storage/open.ts'
import { openToday } from '../prices/open.ts'
import { GIB, TODAY, inventoryOf, placesAt, usageFrom } from './sample.ts'

const prices = await openToday()
const webhooks = [{ url: 'https://hooks.example.com/cost', secrets: [`whsec_${'a'.repeat(43)}=`] }]

/** 300 GiB at S3 for $6.90, beside a store without prices; 3,000 reads of a GiB in thirty days. */
function alertsFor(budgets: readonly Budget[]): Alert[] {
  const places = placesAt('s3', 'minio')
  const inventory = inventoryOf(places, [
    { objects: 300, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] },
  ])
  const usage = usageFrom([{ counts: { get: 3000 }, sentBytes: 3000 * 1e9 }], 30)
  const input = { prices, places, inventory, growth: undefined, now: TODAY }
  const report = toPlain(reportOf({ ...input, usage: usageFrom() }))
  return alertsOf(budgets, report, { lately: usage, inventory })
}

function sending() {
  const platform = { env: {}, fileSystem: false, now: () => TODAY }
  const ledger = createLedger(openStore(`memory:${crypto.randomUUID()}`, platform))
  const sent: Task[] = []
  let isAway = false
  const place = {
    ...{ workspace: 'app', ledger, cost: costRules({ webhooks }), now: () => TODAY },
    async send(tasks: readonly Task[]) {
      if (isAway) throw new Error('The queue is away.')
      sent.push(...tasks)
    },
  }
  return {
    sent,
    send: (alerts: readonly Alert[]) => sendAlerts(place, alerts),
    away: (value: boolean) => void (isAway = value),
  }
}

test('each kind by its own measure, and what the forecast lacks', () => {
  const over = alertsFor([
    { name: 'money', forecastUsd: 6.89, egressGb: 3001, requestsADay: 101 },
    { name: 'traffic', forecastUsd: 6.91, egressGb: 2999, requestsADay: 99 },
  ])
  expect(over).toEqual([
    {
      ...{ budget: 'money', what: 'forecast', limit: 6.89, found: 6.9, month: '2026-11' },
      unknown: [expect.stringContaining('What "minio" costs')],
    },
    { budget: 'traffic', what: 'egress', limit: 2999, found: 3000, month: '2026-11' },
    { budget: 'traffic', what: 'requests', limit: 99, found: 100, month: '2026-11' },
  ])
})

test('once, and once more for a limit that was raised in vain', async () => {
  const { send, sent } = sending()
  for (const forecastUsd of [5, 5, 6]) await send(alertsFor([{ name: 'all', forecastUsd }]))
  expect(sent.map(({ body }) => (JSON.parse(String(body)) as { data: Alert }).data.limit)).toEqual([
    5, 6,
  ])
  expect(new Set(sent.map(({ id }) => id)).size).toBe(2)
})

test('what could not be sent is sent the next time', async () => {
  const { send, sent, away } = sending()
  const alerts = alertsFor([{ name: 'all', forecastUsd: 5 }])
  away(true)
  await expect(send(alerts)).rejects.toThrow('away')
  away(false)
  await send(alerts)
  expect(sent).toHaveLength(1)
})
