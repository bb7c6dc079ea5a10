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

export function monthlyBill(prices: Prices, month: AccountMonth): Bill | Unknown {
  const provider = prices.provider(month.provider)
  if (!isKnown(provider)) return provider
  const parts = {
    storage: keptCost(prices, provider, month),
    requests: requestsCost(prices, provider, month),
    retrieval: retrievedCost(prices, month),
    egress: sentCost(prices, month),
  }
  const { storage, requests, retrieval, egress } = parts
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

function keptCost(prices: Prices, provider: ProviderPrices, month: AccountMonth): Cost | Unknown {
  const pool = createPool()
  const shelves = gather(month.kept ?? [], ({ shelf }) => nameOf(shelf))
  const costs = shelves.map((entries) => {
    const shelf = { ...entries[0]!.shelf, provider: month.provider }
    const rules = prices.rules(shelf)
    if (!isKnown(rules)) return rules
    const own = entries.flatMap((entry) => entry.piles)
    const bytes = billableBytes(own, rules)
    const billed = roundedBytes(provider, bytes)
    const piles = billed === bytes ? own : [...own, { objectBytes: billed - bytes, objects: 1n }]
    const freeBytes = pool.take(freeStorageBytes(prices, shelf), billed)
    return storageCost(prices, { shelf, piles, freeBytes })
  })
  return addCosts(...costs)
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

function requestsCost(prices: Prices, provider: ProviderPrices, month: AccountMonth) {
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
  const costs = gather(asked, ({ shelf, meter }) => `${meter} ${nameOf(shelf)}`).map((same) => {
    const { shelf, operation, meter } = same[0]!
    const count = same.reduce((total, one) => total + one.count, 0n)
    const step = provider.billing?.roundUp?.requests
    const billed = step === undefined ? count : roundUp(count, BigInt(step))
    const pool = pools.get(meter) ?? createPool()
    pools.set(meter, pool)
    const free = pool.take(freeRequests(prices, shelf, meter), billed)
    return costOfEach(prices.request(shelf, operation), billed - free)
  })
  return addCosts(...costs)
}

/** The provider's own kind of request, under which it counts this one. */
function meterOf(provider: ProviderPrices, shelf: Shelf, operation: Operation): string {
  const rules = provider.classes?.[shelf.class ?? Object.keys(provider.classes)[0] ?? '']
  const names = rules?.meters?.[operation] ?? provider.meters?.of[operation]
  return typeof names === 'object' ? names[0]! : operation
}

function retrievedCost(prices: Prices, { provider, retrieved = [] }: AccountMonth) {
  return addCosts(
    ...retrieved.map(({ shelf, bytes, mode }) =>
      costOfEach(prices.retrieval({ ...shelf, provider }, mode), bytes),
    ),
  )
}

function sentCost(prices: Prices, month: AccountMonth): Cost | Unknown {
  const pool = createPool()
  const storedBytes = storedIn(month)
  const billedBytes = new Map<string, bigint>()
  let internetBytes = 0n
  const costs = (month.sent ?? []).map(({ region, to, bytes }) => {
    const from = { provider: month.provider, region }
    const found = prices.egress(from, to)
    if (!isKnown(found)) return found
    if (found.internet) internetBytes += BigInt(bytes)
    const allowance = found.internet ? freeEgressBytes(prices, from, storedBytes) : undefined
    const billed = BigInt(bytes) - pool.take(allowance, BigInt(bytes))
    const way = JSON.stringify([region, to])
    const usedBytes = billedBytes.get(way) ?? 0n
    billedBytes.set(way, usedBytes + billed)
    return egressCost(prices, { from, to, usedBytes, bytes: billed, freeBytes: 0n })
  })
  const all = { provider: month.provider, sentBytes: internetBytes, storedBytes }
  return addCosts(...costs, { ...FREE, warnings: fairUseWarnings(prices, all) })
}

function storedIn({ kept = [] }: AccountMonth): bigint {
  return kept
    .flatMap(({ piles }) => piles)
    .reduce((sum, { objectBytes, objects }) => sum + BigInt(objectBytes) * BigInt(objects), 0n)
}

/** The subscription; more where all together stays below the minimum charge. */
function standingCost(prices: Prices, { billing }: ProviderPrices, used: Cost): Cost {
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
