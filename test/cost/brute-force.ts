// The adviser's judge: every assignment of a few groups is tried, each billed from the catalogue object by
// object, without any of what makes the adviser fast. Slow, and as plain as it can be.

import type { AdviceInput } from '#shared/cost/advice/advise.ts'
import type { Cell, Placement } from '#shared/cost/histogram.ts'
import { pilesOf } from '#shared/cost/demand.ts'
import type { StorePlace } from '#shared/cost/places.ts'
import { shelfOf } from '#shared/cost/places.ts'
import type { AccountMonth } from '#shared/prices/bill.ts'
import { monthlyBill } from '#shared/prices/bill.ts'
import { costOfEach, earlyDeletionCost } from '#shared/prices/costs.ts'
import type { Unknown } from '#shared/prices/figure.ts'
import type { Cost } from '#shared/prices/ladder.ts'
import type { Money } from '#shared/prices/money.ts'
import { compareMoney, plus, times } from '#shared/prices/money.ts'
import { known } from '../prices/open.ts'

/** Where one group lies, and from which store it is read. */
export interface Place {
  placement: Placement
  served: number
}

export interface BruteForce {
  best: Money
  count: number
}

export function bruteForce(input: AdviceInput): BruteForce {
  const choices = input.inventory.cells.map((cell) => placesFor(input, cell))
  let best: Money | undefined
  let count = 0
  const tried: Place[] = []
  const from = (group: number): void => {
    if (group === choices.length) {
      const usd = billOf(input, tried)
      count++
      if (best === undefined || compareMoney(usd, best) < 0) best = usd
      return
    }
    for (const place of choices[group]!) {
      tried[group] = place
      from(group + 1)
    }
  }
  from(0)
  return { best: best!, count }
}

function placesFor(input: AdviceInput, cell: Cell): Place[] {
  const { prices, places, constraints, months = 12 } = input
  const { copies = countOf(cell.placement), keepPrimary = true } = constraints
  const providers = constraints.providers ?? providersOf(places, cell.placement)
  const days = Math.floor((months * 365) / 12)
  let found: Placement[] = [[]]
  for (const [store, place] of places.entries()) {
    const now = cell.placement[store] ?? null
    const open = place.classes.filter((name) => {
      if (name === now) return true
      const rules = known(prices.rules(shelfOf(place, name)))
      const isOpen = !(store === 0 && rules.restoreRequired)
      return isOpen && rules.minimumDays.value <= days && !archived(prices, place, now)
    })
    found = found.flatMap((list) => [null, ...open].map((name) => [...list, name]))
  }
  return found
    .filter((placement) => countOf(placement) === copies)
    .filter((placement) => providersOf(places, placement) >= providers)
    .filter((placement) => !keepPrimary || cell.placement[0] == null || placement[0] != null)
    .flatMap((placement) =>
      placement.flatMap((name, served) =>
        name !== null && !archived(prices, places[served]!, name) ? [{ placement, served }] : [],
      ),
    )
    .filter(({ placement }) => isReachable(prices, places, cell.placement, placement))
    .filter(({ placement, served }) => {
      const isNow = placement.every((name, store) => name === (cell.placement[store] ?? null))
      if (isNow && served === servedNow(input, cell)) return true
      const mayRead = constraints.reads === 'cheapest' || served === 0
      return mayRead && isFair(input, places[served]!, cell)
    })
}

/** No more is read of a group than the provider lets be read of what is stored. */
function isFair({ prices, rates }: AdviceInput, { provider }: StorePlace, cell: Cell): boolean {
  const { fairUse } = known(prices.provider(provider)).egress ?? {}
  const sent = rates.find(({ prefix }) => prefix === cell.prefix)?.sentBytes ?? 0
  return fairUse === undefined || sent <= fairUse.timesStored * cell.bytes
}

/** The store that its reads go to, where there is a copy; else the primary's. */
function servedNow({ places, rates }: AdviceInput, { placement, prefix }: Cell): number {
  const read = rates.find((rate) => rate.prefix === prefix)?.store
  const at = places.findIndex(({ name }) => name === read)
  return placement[at] != null ? at : 0
}

/** A new copy needs one that can be read. */
function isReachable(
  prices: AdviceInput['prices'],
  places: readonly StorePlace[],
  now: Placement,
  then: Placement,
): boolean {
  const isNew = then.some((name, store) => name !== null && now[store] == null)
  return (
    !isNew || now.some((name, store) => name !== null && !archived(prices, places[store]!, name))
  )
}

function archived(prices: AdviceInput['prices'], place: StorePlace, name: string | null): boolean {
  return name !== null && known(prices.rules(shelfOf(place, name))).restoreRequired
}

function countOf(placement: Placement): number {
  return placement.filter((name) => name !== null).length
}

function providersOf(places: readonly StorePlace[], placement: Placement): number {
  return new Set(places.filter((_, at) => placement[at] != null).map(({ provider }) => provider))
    .size
}

/** Over the horizon: the months of all accounts, and what each group takes once. */
export function billOf(input: AdviceInput, tried: readonly Place[]): Money {
  const { prices, places, inventory, months = 12 } = input
  const providers = [...new Set(places.map(({ provider }) => provider))]
  const bills = providers.map((provider) => {
    const month = monthOf(input, provider, tried)
    return month.kept.length === 0 ? [] : [known(monthlyBill(prices, month)).total.amount]
  })
  const once = inventory.cells.map((cell, group) => onceOf(input, cell, tried[group]!.placement))
  return plus(times(plus(...bills.flat()), months), ...once)
}

function monthOf(
  { places, inventory, rates }: AdviceInput,
  provider: string,
  tried: readonly Place[],
): AccountMonth & { kept: NonNullable<AccountMonth['kept']> } {
  const month: AccountMonth & { kept: NonNullable<AccountMonth['kept']> } = {
    ...{ provider, kept: [], requests: [], retrieved: [], sent: [] },
  }
  for (const [group, { placement, served }] of tried.entries()) {
    const cell = inventory.cells[group]!
    for (const [store, name] of placement.entries()) {
      const place = places[store]!
      if (name === null || place.provider !== provider) continue
      const shelf = shelfOf(place, name)
      month.kept = [...month.kept, { shelf, piles: pilesOf(cell.bytes, cell.objects) }]
      const rate = rates.find(({ prefix }) => prefix === cell.prefix)
      if (store !== served || !rate) continue
      const { sentBytes: bytes, counts } = rate
      month.requests = [...month.requests!, { shelf, counts: { get: counts.get ?? 0 } }]
      month.retrieved = [...month.retrieved!, { shelf, bytes }]
      month.sent = [...month.sent!, { region: place.region!, to: 'internet', bytes }]
    }
  }
  return month
}

function onceOf({ prices, places }: AdviceInput, cell: Cell, placement: Placement): Money {
  const { bytes, objects, ageDays } = cell
  const piles = pilesOf(bytes, objects)
  const sums: Money[] = []
  const add = (cost: Cost | Unknown) => sums.push(known(cost).amount)
  for (const [store, place] of places.entries()) {
    const [now, then] = [cell.placement[store] ?? null, placement[store]!]
    if (now === then) continue
    const to = then === null ? undefined : shelfOf(place, then)
    if (now !== null) {
      const from = shelfOf(place, now)
      add(earlyDeletionCost(prices, { shelf: from, piles, ageDays }))
      if (!to) continue
      if (place.provider === 'azure') {
        const [was, is] = [from, to].map((shelf) => known(prices.storage(shelf))[0]!.figure.value)
        if (compareMoney(is!, was!) <= 0) add(costOfEach(prices.transition(to), objects))
        else {
          add(costOfEach(prices.request(from, 'get'), objects))
          add(costOfEach(prices.retrieval(from), bytes))
        }
        continue
      }
      add(costOfEach(prices.request(to, 'copy'), objects))
      add(costOfEach(prices.retrieval(from), bytes))
      add(costOfEach(prices.written(to), bytes))
    } else if (to) sums.push(broughtTo(prices, places, cell, place, to))
  }
  return plus(...sums)
}

/** From whichever copy that takes the least. */
function broughtTo(
  prices: AdviceInput['prices'],
  places: readonly StorePlace[],
  { bytes, objects, placement }: Cell,
  place: StorePlace,
  to: ReturnType<typeof shelfOf>,
): Money {
  const ways = placement.flatMap((name, store) => {
    const source = places[store]!
    if (name === null || archived(prices, source, name)) return []
    const from = shelfOf(source, name)
    const sent = known(prices.egress(source, place)).ladder[0]!.figure
    const costs = [
      costOfEach(prices.request(from, 'get'), objects),
      costOfEach(prices.retrieval(from), bytes),
      costOfEach(sent, bytes),
      costOfEach(prices.request(to, 'put'), objects),
      costOfEach(prices.written(to), bytes),
    ]
    return [plus(...costs.map((cost) => known(cost).amount))]
  })
  return ways.toSorted(compareMoney)[0]!
}
