// What there is to choose from: each store of the workspace in each of its classes, with what it charges for.
// An option without a known price of all that it would be charged for is none: it is named, with the reason.

import { freeEgressBytes, freeRequests, freeStorageBytes } from '#shared/prices/allowances.ts'
import type { Operation } from '#shared/prices/catalogue.ts'
import type { ClassRules } from '#shared/prices/classes.ts'
import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Ladder } from '#shared/prices/ladder.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import type { StorePlace } from '../places.ts'
import { shelfOf } from '../places.ts'

/** Prices by their unit's unit: a byte and month, a request, an object. Numbers choose; sums for readers are exact. */
export interface Option {
  index: number
  /** Index of its store. */
  store: number
  class: string
  shelf: Shelf
  rules: ClassRules
  storage: Ladder
  get: Figure
  retrieval: Figure
  /** An object and month: bytes beside it at the standard rate. */
  besideUsd: number
  watchUsd: number
  watchedFrom: number
  leastBytes: number
  besideBytes: number
  /** Left too early: a GB and month, and a byte and day. */
  early: Figure
  earlyByteDayUsd: number
  minimumDays: number
  restoreRequired: boolean
  freeBytes: number
  freeGets: number
}

export interface StoreOptions {
  place: StorePlace
  options: readonly Option[]
  /** To the internet. */
  egress: Ladder
  freeEgressBytes: number
  /** What is free grows with what is stored. */
  freeTimesStored: number
  /** Bytes that may be read in a month for each one stored: beyond, the provider may stop it. */
  mostRead: number
}

export interface Choice {
  stores: readonly StoreOptions[]
  options: readonly Option[]
  /** Options that are none, since something about them is not known. */
  unknown: readonly { store: string; class: string; reason: string }[]
}

export function openOptions(prices: Prices, places: readonly StorePlace[]): Choice {
  const options: Option[] = []
  const unknown: { store: string; class: string; reason: string }[] = []
  const stores = places.map((place, store): StoreOptions => {
    const egress = prices.egress(place, 'internet')
    const own: Option[] = []
    for (const name of place.classes) {
      const option = isKnown(egress)
        ? openOption(prices, shelfOf(place, name), { store, index: options.length, class: name })
        : egress
      if (isKnown(option)) {
        own.push(option)
        options.push(option)
      } else unknown.push({ store: place.name, class: name, reason: option.reason })
    }
    return {
      ...{ place, options: own, egress: isKnown(egress) ? egress.ladder : [] },
      freeEgressBytes: numberOf(freeEgressBytes(prices, place, undefined)),
      ...readLimits(prices, place.provider),
    }
  })
  return { stores, options, unknown }
}

function openOption(
  prices: Prices,
  shelf: Shelf,
  at: { store: number; index: number; class: string },
): Option | Unknown {
  const rules = prices.rules(shelf)
  const storage = prices.storage(shelf)
  const get = prices.request(shelf, 'get')
  const retrieval = prices.retrieval(shelf)
  const early = prices.earlyDeletion(shelf)
  const watching = prices.monitoring(shelf)
  const standard = prices.storage({ ...shelf, class: undefined })
  if (!isKnown(rules)) return rules
  if (!isKnown(storage)) return storage
  if (!isKnown(get)) return get
  if (!isKnown(retrieval)) return retrieval
  if (!isKnown(early)) return early
  if (!isKnown(watching)) return watching
  if (!isKnown(standard)) return standard
  const { overhead, minimumObjectBytes, minimumDays, monitoredFromBytes, restoreRequired } = rules
  return {
    ...{ ...at, shelf, rules, storage, get, retrieval, early, restoreRequired },
    besideUsd: (overhead?.standardRateBytes.value ?? 0) * perOne(standard[0]!.figure),
    watchUsd: monitoredFromBytes === undefined ? 0 : perOne(watching),
    watchedFrom: monitoredFromBytes ?? Number.POSITIVE_INFINITY,
    leastBytes: minimumObjectBytes.value,
    besideBytes: overhead?.classRateBytes.value ?? 0,
    earlyByteDayUsd: perOne(early) / 30,
    minimumDays: minimumDays.value,
    freeBytes: numberOf(freeStorageBytes(prices, shelf)),
    freeGets: numberOf(freeRequests(prices, shelf, meterOfGets(prices, shelf))),
  }
}

function meterOfGets(prices: Prices, { provider, class: name }: Shelf): string {
  const found = prices.provider(provider)
  if (!isKnown(found)) return 'get'
  const operation: Operation = 'get'
  const names = found.classes?.[name ?? '']?.meters?.[operation] ?? found.meters?.of[operation]
  return typeof names === 'object' ? names[0]! : operation
}

function readLimits(
  prices: Prices,
  id: string,
): Pick<StoreOptions, 'freeTimesStored' | 'mostRead'> {
  const provider = prices.provider(id)
  const { allowances, egress } = isKnown(provider) ? provider : {}
  return {
    freeTimesStored: allowances?.egress?.timesStored ?? 0,
    mostRead: egress?.fairUse?.timesStored ?? Number.MAX_SAFE_INTEGER,
  }
}

function numberOf(figure: Figure<bigint> | undefined): number {
  return Number(figure?.value ?? 0n)
}

export function perOne({ value: { numerator, denominator }, unitSize }: Figure): number {
  return Number(numerator) / Number(denominator) / unitSize
}

/** What is billed for so many bytes in so many objects of one step of size. */
export function billedBytes(
  { leastBytes, besideBytes }: Pick<Option, 'leastBytes' | 'besideBytes'>,
  bytes: number,
  objects: number,
): number {
  return Math.max(bytes, leastBytes * objects) + besideBytes * objects
}
