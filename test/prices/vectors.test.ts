// Sums that were worked out by hand from the vendors' lists, to the cent and below, and the whole grid of
// egress prices as its sources give it.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  earlyDeletionCost,
  egressCost,
  requestCost,
  storageCost,
  transitionCost,
} from '#shared/prices/costs.ts'
import { monthlyBill } from '#shared/prices/bill.ts'
import type { Unknown } from '#shared/prices/figure.ts'
import type { Cost } from '#shared/prices/ladder.ts'
import { compareMoney, formatUsd, usd } from '#shared/prices/money.ts'
import { GB, GIB, known, openToday } from './open.ts'

const prices = await openToday()
const virginia = { provider: 's3', region: 'us-east-1' }
const million = [{ objectBytes: 16_384, objects: 1_000_000 }]

function dollars(cost: Cost | Unknown, decimals = 3): string {
  return formatUsd(known(cost).amount, decimals)
}

test('S3 Standard: 600 TiB climb three tiers', () => {
  const piles = [{ objectBytes: 1024 * GIB, objects: 600 }]
  const cost = storageCost(prices, { shelf: { ...virginia, class: 'STANDARD' }, piles })
  expect(dollars(cost, 2)).toBe('13465.60')
})

test('S3 to the internet: 1 TiB after 100 GB for nothing', () => {
  expect(
    dollars(egressCost(prices, { from: virginia, to: 'internet', bytes: 1024 * GIB }), 2),
  ).toBe('83.16')
})

test('the tiers of what is sent begin after what is free', () => {
  const bytes = (100 + 10_240 + 1) * GIB
  expect(dollars(egressCost(prices, { from: virginia, to: 'internet', bytes }))).toBe('921.685')
})

test.each([
  ['STANDARD', '0.351'],
  ['STANDARD_IA', '1.526'],
  ['DEEP_ARCHIVE', '0.221'],
])('a million objects of 16 KiB for a month in %s: padding and overhead count', (name, sum) => {
  expect(
    dollars(storageCost(prices, { shelf: { ...virginia, class: name }, piles: million })),
  ).toBe(sum)
})

test('a million transitions to Deep Archive cost more than years of it', () => {
  const into = { ...virginia, class: 'DEEP_ARCHIVE' }
  expect(dollars(transitionCost(prices, into, 1_000_000), 2)).toBe('50.00')
})

test('deleted on day 10 of 30, and on day 1 of 90', () => {
  const hundred = [{ objectBytes: 100 * GIB, objects: 1 }]
  const cool = { ...virginia, class: 'STANDARD_IA' }
  const wasabi = { provider: 'wasabi', region: 'eu-central-1' }
  expect(dollars(earlyDeletionCost(prices, { shelf: cool, piles: hundred, ageDays: 10 }))).toBe(
    '0.833',
  )
  expect(dollars(earlyDeletionCost(prices, { shelf: wasabi, piles: hundred, ageDays: 1 }))).toBe(
    '2.315',
  )
  expect(dollars(earlyDeletionCost(prices, { shelf: cool, piles: hundred, ageDays: 30 }))).toBe(
    '0.000',
  )
})

test('Azure takes its own meter for an early deletion, dearer than the storage', () => {
  const shelf = { provider: 'azure', region: 'westus', class: 'Cool' }
  expect(formatUsd(known(prices.earlyDeletion(shelf)).value, 4)).toBe('0.0152')
  expect(formatUsd(known(prices.storage(shelf))[0]!.figure.value, 4)).toBe('0.0115')
})

test('B2: what is stored makes the first part of what is sent free', () => {
  const b2 = { provider: 'b2', region: 'us-west-004' }
  const kept = storageCost(prices, { shelf: b2, piles: [{ objectBytes: GB, objects: 1000 }] })
  const sent = egressCost(prices, {
    ...{ from: b2, to: 'internet', bytes: 5000 * GB, storedBytes: 1000 * GB },
  })
  expect([dollars(kept, 4), dollars(sent, 2)]).toEqual(['6.8805', '20.00'])
})

test('R2 bills whole GB and whole millions, and gives its allowances first', () => {
  const bill = monthlyBill(prices, {
    provider: 'r2',
    kept: [{ shelf: {}, piles: [{ objectBytes: 10 * GB + 1, objects: 1 }] }],
    requests: [{ shelf: {}, counts: { put: 1_000_000, list: 1, get: 10_000_000 } }],
    sent: [{ to: 'internet', bytes: 50_000 * GB }],
  })
  const { storage, requests, egress, total } = known(bill)
  expect([storage, requests, egress, total].map((cost) => dollars(cost))).toEqual([
    ...['0.015', '4.500', '0.000', '4.515'],
  ])
})

test('Wasabi bills a TB at least, and warns beyond what is stored', () => {
  const small = {
    provider: 'wasabi',
    kept: [{ shelf: {}, piles: [{ objectBytes: GIB, objects: 1 }] }],
  }
  const bill = known(monthlyBill(prices, { ...small, sent: [{ to: 'internet', bytes: 2 * GIB }] }))
  expect(dollars(bill.total, 2)).toBe('7.99')
  expect(bill.total.warnings).toEqual([expect.stringContaining('may limit')])
})

test('Spaces: a subscription, with what it holds, and the rest by the GiB', () => {
  const bill = monthlyBill(prices, {
    provider: 'spaces',
    kept: [{ shelf: { region: 'fra1' }, piles: [{ objectBytes: GIB, objects: 350 }] }],
    sent: [{ region: 'fra1', to: 'internet', bytes: 2024 * GIB }],
  })
  expect(dollars(known(bill).total, 2)).toBe('17.00')
})

test('one allowance of an account is given once, whatever the way out', () => {
  const sent = ['us-east-1', 'us-west-2'].map((region) => ({
    ...{ region, to: 'internet' as const, bytes: 100 * GIB },
  }))
  expect(dollars(known(monthlyBill(prices, { provider: 's3', sent })).egress, 2)).toBe('9.00')
})

test('Intelligent-Tiering watches objects from 128 KiB on', () => {
  const shelf = { ...virginia, class: 'INTELLIGENT_TIERING' }
  const small = storageCost(prices, { shelf, piles: million })
  const large = storageCost(prices, {
    shelf,
    piles: [{ objectBytes: 131_072, objects: 1_000_000 }],
  })
  expect(dollars(small)).toBe('0.351')
  expect(dollars(large)).toBe('5.308')
})

test('requests by class: parts of an upload to Deep Archive go at the standard rate', () => {
  const shelf = { ...virginia, class: 'DEEP_ARCHIVE' }
  const counts = { begin: 1000, part: 1000, complete: 1000, abort: 1000 }
  expect(dollars(requestCost(prices, shelf, counts), 4)).toBe('0.0600')
})

test('GCS sends by destination: Australia is dearer, and from S3 it is not', () => {
  const sydney = { provider: 's3', region: 'ap-southeast-2' }
  const gcs = { provider: 'gcs', region: 'europe-west1' }
  const rate = (from: typeof gcs, to: typeof gcs) =>
    formatUsd(known(prices.egress(from, to)).ladder[0]!.figure.value, 2)
  expect([rate(gcs, sydney), rate(gcs, virginia), rate(virginia, gcs)]).toEqual([
    ...['0.19', '0.12', '0.09'],
  ])
})

const IDS: Record<string, string> = { aws: 's3', gcp: 'gcs', do: 'spaces' }

function place(name: string): { provider: string; region: string } | 'internet' {
  if (name === 'internet') return name
  const [provider = '', region = ''] = name.split(':')
  return { provider: IDS[provider] ?? provider, region }
}

test('every row of the egress grid is what the catalogue says', () => {
  const lines = readFileSync(new URL('../vectors/egress-grid.csv', import.meta.url), 'utf8')
  const rows = lines.trim().split('\n').slice(1)
  const wrong = rows.filter((row) => {
    const [from = '', to = '', price = ''] = row.split(',')
    const source = place(from)
    if (source === 'internet') return true
    const { ladder } = known(prices.egress(source, place(to)))
    return compareMoney(ladder[0]!.figure.value, usd(price)) !== 0
  })
  expect(rows.length).toBe(650)
  expect(wrong).toEqual([])
})
