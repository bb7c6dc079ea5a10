// One account's month at one provider: everything together, since allowances, tiers and rounding count the
// whole account, and minimum charges and subscriptions come last.

import { freeEgressBytes, freeRequests, freeStorageBytes } from './allowances.ts'
import type { Operation, ProviderPrices } from './catalogue.ts'
import type { Pile, Sent } from './costs.ts'
import { billableBytes, costOfEach, egressCost, fairUseWarnings, storageCost } from './costs.ts'
import type { Figure, Unknown } from './figure.ts'
import { isKnown } from './figure.ts'
import type { Cost } from './ladder.ts'
import { FREE, addCosts, costAt } from './ladder.ts'
import type { Count } from './money.ts'
import { compareMoney, shortfall, usd } from './money.ts'
import type { Prices } from './prices.ts'
import type { Shelf } from './shelf.ts'
import { bytesOf, gbBytesOf } from './units.ts'

const PER_MONTH = { unit: 'USD per month', unitSize: 1 }

type At<Thing> = Omit<Thing, 'provider'>

export interface AccountMonth {
  provider: string
  /** The average of the month. */
  kept?: readonly { shelf: At<Shelf>; piles: readonly Pile[] }[]
  requests?: readonly { shelf: At<Shelf>; counts: Readonly<Partial<Record<Operation, Count>>> }[]
  retrieved?: readonly { shelf: At<Shelf>; bytes: Count; mode?: string }[]
  sent?: readonly { region?: string; to: Sent['to']; bytes: Count }[]
}

export interface Bill {
  storage: Cost
  requests: Cost
  retrieval: Cost
  egress: Cost
  /** The subscription, and what is missing until the minimum charge. */
  standing: Cost
  total: Cost
}

export type Charge = 'storage' | 'requests' | 'retrieval' | 'egress'

/** What one heap, kind of request or way out takes of the month. */
export interface BillLine {
  charge: Charge
  /** Of what is sent, the place that sends. */
  shelf: At<Shelf>
  /** Of requests; several that are counted together go by the first. */
  operation?: Operation
  to?: Sent['to']
  cost: Cost | Unknown
}

export function monthlyBill(prices: Prices, month: AccountMonth): Bill | Unknown {
  const provider = prices.provider(month.provider)
  if (!isKnown(provider)) return provider
  const lines = billLines(prices, month)
  const of = (charge: Charge): Cost | Unknown =>
    addCosts(...lines.filter((line) => line.charge === charge).map(({ cost }) => cost))
  const [storage, requests, retrieval] = [of('storage'), of('requests'), of('retrieval')]
  const egress = of('egress')
  if (!isKnown(storage)) return storage
  if (!isKnown(requests)) return requests
  if (!isKnown(retrieval)) return retrieval
  if (!isKnown(egress)) return egress
  const used = addCosts(storage, requests, retrieval, egress)
  const standing = isKnown(used) ? standingCost(prices, provider, used) : used
  const total = addCosts(used, standing)
  if (!isKnown(standing)) return standing
  return isKnown(total) ? { storage, requests, retrieval, egress, standing, total } : total
}

/** The month line by line; one whose price is not known says so, and the others stand. */
export function billLines(prices: Prices, month: AccountMonth): BillLine[] {
  const provider = prices.provider(month.provider)
  if (!isKnown(provider)) return unknownLines(month, provider)
  return [
    ...keptLines(prices, provider, month),
    ...requestLines(prices, provider, month),
    ...retrievedLines(prices, month),
    ...sentLines(prices, month),
  ]
}

function unknownLines({ kept, requests, retrieved, sent }: AccountMonth, cost: Unknown) {
  const line =
    (charge: Charge) =>
    (one: { shelf?: At<Shelf>; region?: string }): BillLine => ({
      ...{ charge, shelf: one.shelf ?? { region: one.region }, cost },
    })
  return [
    ...(kept ?? []).map(line('storage')),
    ...(requests ?? []).map(line('requests')),
    ...(retrieved ?? []).map(line('retrieval')),
    ...(sent ?? []).map(line('egress')),
  ]
}

/** What is left of an allowance that several things share. */
function createPool() {
  let left: bigint | undefined
  return {
    take(allowance: Figure<bigint> | undefined, count: bigint): bigint {
      if (allowance === undefined) return 0n
      left ??= allowance.value
      const taken = left < count ? left : count
      left -= taken
      return taken
    },
  }
}

function keptLines(prices: Prices, provider: ProviderPrices, month: AccountMonth): BillLine[] {
  const pool = createPool()
  return gather(month.kept ?? [], ({ shelf }) => nameOf(shelf)).map((entries) => {
    const { shelf } = entries[0]!
    const own = entries.flatMap((entry) => entry.piles)
    const kept = keptCost(prices, provider, { ...shelf, provider: month.provider }, own, pool)
    return { charge: 'storage', shelf, cost: kept }
  })
}

function keptCost(
  prices: Prices,
  provider: ProviderPrices,
  shelf: Shelf,
  own: readonly Pile[],
  pool: ReturnType<typeof createPool>,
): Cost | Unknown {
  const rules = prices.rules(shelf)
  if (!isKnown(rules)) return rules
  const bytes = billableBytes(own, rules)
  const billed = roundedBytes(provider, bytes)
  const piles = billed === bytes ? own : [...own, { objectBytes: billed - bytes, objects: 1n }]
  const freeBytes = pool.take(freeStorageBytes(prices, shelf), billed)
  return storageCost(prices, { shelf, piles, freeBytes })
}

function roundedBytes(provider: ProviderPrices, bytes: bigint): bigint {
  const gb = provider.billing?.roundUp?.gb
  return gb === undefined ? bytes : roundUp(bytes, bytesOf(gb, gbBytesOf(provider)))
}

function roundUp(count: bigint, step: bigint): bigint {
  return ((count + step - 1n) / step) * step
}

function nameOf({ class: name, region, redundancy, tier }: At<Shelf>): string {
  return JSON.stringify([name, region, redundancy, tier])
}

function gather<Thing>(things: readonly Thing[], nameBy: (thing: Thing) => string): Thing[][] {
  const groups = new Map<string, Thing[]>()
  for (const thing of things) {
    const name = nameBy(thing)
    groups.set(name, [...(groups.get(name) ?? []), thing])
  }
  return [...groups.values()]
}

interface Asked {
  shelf: Shelf
  operation: Operation
  meter: string
  count: bigint
}

function requestLines(prices: Prices, provider: ProviderPrices, month: AccountMonth): BillLine[] {
  const asked = (month.requests ?? []).flatMap(({ shelf, counts }) =>
    (Object.entries(counts) as [Operation, Count][]).map(([operation, count]): Asked => {
      const full = { ...shelf, provider: month.provider }
      return {
        shelf: full,
        operation,
        meter: meterOf(provider, full, operation),
        count: BigInt(count),
      }
    }),
  )
  const pools = new Map<string, ReturnType<typeof createPool>>()
  return gather(asked, ({ shelf, meter }) => `${meter} ${nameOf(shelf)}`).map((same) => {
    const { shelf, operation, meter } = same[0]!
    const count = same.reduce((total, one) => total + one.count, 0n)
    const step = provider.billing?.roundUp?.requests
    const billed = step === undefined ? count : roundUp(count, BigInt(step))
    const pool = pools.get(meter) ?? createPool()
    pools.set(meter, pool)
    const free = pool.take(freeRequests(prices, shelf, meter), billed)
    const cost = costOfEach(prices.request(shelf, operation), billed - free)
    return { charge: 'requests', shelf, operation, cost }
  })
}

/** The provider's own kind of request, under which it counts this one. */
function meterOf(provider: ProviderPrices, shelf: Shelf, operation: Operation): string {
  const rules = provider.classes?.[shelf.class ?? Object.keys(provider.classes)[0] ?? '']
  const names = rules?.meters?.[operation] ?? provider.meters?.of[operation]
  return typeof names === 'object' ? names[0]! : operation
}

function retrievedLines(prices: Prices, { provider, retrieved = [] }: AccountMonth): BillLine[] {
  return retrieved.map(({ shelf, bytes, mode }) => ({
    ...{ charge: 'retrieval', shelf },
    cost: costOfEach(prices.retrieval({ ...shelf, provider }, mode), bytes),
  }))
}

/** A last line has no cost: it says what the provider may not put up with. */
function sentLines(prices: Prices, month: AccountMonth): BillLine[] {
  const pool = createPool()
  const storedBytes = storedIn(month)
  const billedBytes = new Map<string, bigint>()
  let internetBytes = 0n
  const lines = (month.sent ?? []).map(({ region, to, bytes }): BillLine => {
    const from = { provider: month.provider, region }
    const line = { charge: 'egress' as const, shelf: { region }, to }
    const found = prices.egress(from, to)
    if (!isKnown(found)) return { ...line, cost: found }
    if (found.internet) internetBytes += BigInt(bytes)
    const allowance = found.internet ? freeEgressBytes(prices, from, storedBytes) : undefined
    const billed = BigInt(bytes) - pool.take(allowance, BigInt(bytes))
    const way = JSON.stringify([region, to])
    const usedBytes = billedBytes.get(way) ?? 0n
    billedBytes.set(way, usedBytes + billed)
    const cost = egressCost(prices, { from, to, usedBytes, bytes: billed, freeBytes: 0n })
    return { ...line, cost }
  })
  const all = { provider: month.provider, sentBytes: internetBytes, storedBytes }
  const warnings = fairUseWarnings(prices, all)
  if (warnings.length === 0) return lines
  return [...lines, { charge: 'egress', shelf: {}, cost: { ...FREE, warnings } }]
}

function storedIn({ kept = [] }: AccountMonth): bigint {
  return kept
    .flatMap(({ piles }) => piles)
    .reduce((sum, { objectBytes, objects }) => sum + BigInt(objectBytes) * BigInt(objects), 0n)
}

/** The subscription; more where all together stays below the minimum charge. */
export function standingCost(prices: Prices, { billing }: ProviderPrices, used: Cost): Cost {
  const { subscriptionMonthUsd = 0, minimumMonthUsd = 0 } = billing ?? {}
  if (billing === undefined || subscriptionMonthUsd + minimumMonthUsd === 0) return FREE
  const [subscription, minimum] = [usd(subscriptionMonthUsd), usd(minimumMonthUsd)]
  const missing = shortfall(minimum, used.amount)
  const isSubscription = compareMoney(subscription, missing) >= 0
  const [value, field] = isSubscription
    ? [subscription, 'subscriptionMonthUsd']
    : [missing, 'minimumMonthUsd']
  return costAt(prices.witness.figure(value, PER_MONTH, billing, field), 1n)
}
