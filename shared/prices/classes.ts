// What a class of storage costs in a region: bytes kept, requests, retrieval, transitions; and its rules,
// such as minimum sizes and days, which make a cheap class dear for small or short-lived objects.

import type { Evidence, Operation, ProviderPrices, Row } from './catalogue.ts'
import type { Unit, Witness } from './evidence.ts'
import type { Figure, Unknown } from './figure.ts'
import { isKnown, weakened } from './figure.ts'
import type { Ladder } from './ladder.ts'
import { NOTHING, plus, usd } from './money.ts'
import { lineOf } from './place.ts'
import type { Entry, Shelf, Shelved } from './shelf.ts'
import { findClass, findEntry, weighed } from './shelf.ts'
import {
  PER_1000_OBJECTS,
  PER_1000_OBJECTS_MONTH,
  PER_1000_REQUESTS,
  gbBytesOf,
  gbMonthOf,
  gbOf,
  ladderOf,
} from './units.ts'

export interface ClassRules {
  class: string
  minimumDays: Figure<number>
  minimumObjectBytes: Figure<number>
  /** Bytes billed beside every object's own: at the class's rate, and at the standard class's. */
  overhead: { classRateBytes: Figure<number>; standardRateBytes: Figure<number> } | undefined
  /** Objects from this size on pay the monitoring fee. */
  monitoredFromBytes: number | undefined
  restoreRequired: boolean
  earlyDeletion:
    | { triggers: readonly string[]; notBy: readonly string[]; ageFrom: string | undefined }
    | undefined
  note: string | undefined
}

type FlatField = 'upload' | 'replication' | 'transition' | 'monitoring' | 'earlyDeletion'

export function createClassPrices(
  provider: (id: string) => ProviderPrices | Unknown,
  witness: Witness,
) {
  function find(shelf: Shelf): Shelved | Unknown {
    const prices = provider(shelf.provider)
    return isKnown(prices) ? findClass(prices, shelf) : prices
  }

  function stepsOf({ prices }: Shelved, entry: Entry<NonNullable<Row['storage']>>): Ladder {
    const unit = gbMonthOf(prices, entry.row.storageUnitGb)
    const gb = gbBytesOf(prices)
    return ladderOf(entry.value, unit, entry.row, 'storage', witness, gb).map((rung) => ({
      ...rung,
      figure: weighed(rung.figure, entry, witness),
    }))
  }

  function storage(shelf: Shelf): Ladder | Unknown {
    const shelved = find(shelf)
    if (!isKnown(shelved)) return shelved
    if (shelf.region?.includes('+')) return inTwoRegions(shelved, shelf.region, witness)
    if (shelf.tier !== undefined) return inTier(shelved, shelf, shelf.tier)
    const entry = findEntry(shelved, shelf, 'Storage', (row) => row.storage, 'storage')
    return isKnown(entry) ? stepsOf(shelved, entry) : entry
  }

  function inTier(shelved: Shelved, shelf: Shelf, tier: string): Ladder | Unknown {
    const pick = (row: Row): number | undefined => lineOf(row.laterTiers, tier)
    const entry = findEntry(shelved, shelf, `The tier "${tier}"`, pick, undefined)
    if (!isKnown(entry)) return entry
    const figure = figureOf(entry, gbMonthOf(shelved.prices), `laterTiers.${tier}`)
    return [{ upTo: undefined, figure }]
  }

  function figureOf(entry: Entry<number>, unit: Unit, field: string): Figure {
    const figure = witness.figure(usd(entry.value), unit, entry.row, field)
    return weighed(figure, entry, witness)
  }

  function request(shelf: Shelf, operation: Operation): Figure | Unknown {
    const shelved = find(shelf)
    if (!isKnown(shelved)) return shelved
    const { prices, rules } = shelved
    const names = rules.meters?.[operation] ?? prices.meters?.of[operation]
    if (names === undefined || prices.meters === undefined)
      return { reason: `How "${shelf.provider}" bills the request "${operation}" is not known.` }
    const mapping = witness.figure(NOTHING, PER_1000_REQUESTS, prices.meters, operation)
    if (names === 'free') return mapping
    const guess = mapping.flags.filter((flag) => flag === 'unverified')
    const figure = firstMetered(shelved, shelf, names)
    return isKnown(figure) ? weakened(figure, guess) : figure
  }

  /** Of several kinds of request that may be meant, the first that has a price. */
  function firstMetered(shelved: Shelved, shelf: Shelf, names: readonly string[]) {
    let answer: Figure | Unknown = { reason: 'No kind of request is named.' }
    for (const [at, name] of names.entries()) {
      const factors = name === 'write' ? 'write' : undefined
      const pick = (row: Row): number | undefined => row.requests?.[name]
      const entry = findEntry(shelved, shelf, `A request "${name}"`, pick, factors)
      if (!isKnown(entry)) {
        answer = entry
        continue
      }
      const figure = figureOf(entry, PER_1000_REQUESTS, `requests.${name}`)
      const note = `priced as "${name}", since "${names[0]}" has no known price`
      return at === 0 ? figure : weakened(figure, ['meter-assumed'], note)
    }
    return answer
  }

  function retrieval(shelf: Shelf, mode = 'standard'): Figure | Unknown {
    const shelved = find(shelf)
    if (!isKnown(shelved)) return shelved
    const pick = (row: Row): number | undefined => lineOf(row.retrieval, mode)
    const entry = findEntry(shelved, shelf, `Retrieval (${mode})`, pick, undefined)
    return isKnown(entry) ? figureOf(entry, gbOf(shelved.prices), `retrieval.${mode}`) : entry
  }

  function flatFee(
    shelf: Shelf,
    field: FlatField,
    what: string,
    unitOf: (prices: ProviderPrices) => Unit,
    absent?: number,
  ): Figure | Unknown {
    const shelved = find(shelf)
    if (!isKnown(shelved)) return shelved
    const pick = (row: Row): number | undefined => row[field] ?? absent
    const entry = findEntry(shelved, shelf, what, pick, undefined)
    return isKnown(entry) ? figureOf(entry, unitOf(shelved.prices), field) : entry
  }

  function written(shelf: Shelf): Figure | Unknown {
    const upload = flatFee(shelf, 'upload', 'Writing', gbOf, 0)
    const replication = flatFee(shelf, 'replication', 'Replication', gbOf, 0)
    if (!isKnown(upload) || !isKnown(replication)) return upload
    return { ...upload, value: plus(upload.value, replication.value) }
  }

  function earlyDeletion(shelf: Shelf): Figure | Unknown {
    const own = flatFee(shelf, 'earlyDeletion', 'Early deletion', gbMonthOf)
    if (isKnown(own)) return own
    const rate = storage(shelf)
    return isKnown(rate) ? rate[0]!.figure : rate
  }

  function rulesFor(shelf: Shelf): ClassRules | Unknown {
    const shelved = find(shelf)
    return isKnown(shelved) ? rulesOf(shelved, witness) : shelved
  }

  return {
    ...{ storage, request, retrieval, written, earlyDeletion, rules: rulesFor },
    transition: (into: Shelf) =>
      flatFee(into, 'transition', 'A transition', () => PER_1000_OBJECTS),
    monitoring: (shelf: Shelf) =>
      flatFee(shelf, 'monitoring', 'Monitoring', () => PER_1000_OBJECTS_MONTH, 0),
  }
}

/** `us-east1+us-west1`: each holds all bytes, at the price of its half. */
function inTwoRegions(
  { prices, rules }: Shelved,
  pair: string,
  witness: Witness,
): Ladder | Unknown {
  const halves = pair.split('+').map((region) => rules.dualRegion?.storage[region])
  if (rules.dualRegion === undefined || halves.length !== 2 || halves.includes(undefined))
    return { reason: `No price is known for the pair of regions "${pair}".` }
  const sum = plus(...halves.map((one) => usd(one ?? 0)))
  const figure = witness.figure(sum, gbMonthOf(prices), rules.dualRegion, 'storage')
  return [{ upTo: undefined, figure: weakened(figure, ['unverified']) }]
}

function rulesOf({ className, rules }: Shelved, witness: Witness): ClassRules {
  const { minimumDays = 0, minimumObjectBytes = 0, overhead, earlyDeletion } = rules
  const days = { unit: 'days', unitSize: 1 }
  const bytes = { unit: 'bytes an object', unitSize: 1 }
  const bytesIn = (group: Evidence, value: number, field: string): Figure<number> =>
    witness.figure(value, bytes, group, field)
  return {
    class: className,
    minimumDays: witness.figure(minimumDays, days, rules, 'minimumDays'),
    minimumObjectBytes: bytesIn(rules, minimumObjectBytes, 'minimumObjectBytes'),
    overhead: overhead && {
      classRateBytes: bytesIn(overhead, overhead.classRateBytes, 'classRateBytes'),
      standardRateBytes: bytesIn(overhead, overhead.standardRateBytes, 'standardRateBytes'),
    },
    monitoredFromBytes: rules.monitoredFromBytes,
    restoreRequired: rules.restoreRequired ?? false,
    earlyDeletion: earlyDeletion && {
      triggers: earlyDeletion.triggers ?? [],
      notBy: earlyDeletion.notBy ?? [],
      ageFrom: earlyDeletion.ageFrom,
    },
    note: rules.note,
  }
}
