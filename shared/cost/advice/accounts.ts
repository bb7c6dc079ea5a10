// A workspace's stores by the accounts that pay for them, which are the providers', and what of each account's
// allowances and standing charges totals come to.

import type { Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Choice, Option, StoreOptions } from './options.ts'
import { billedBytes } from './options.ts'
import type { Totals } from './totals.ts'

export interface Own {
  store: StoreOptions
  index: number
}

export function accountsOf({ stores }: Choice, closed: number): Map<string, Own[]> {
  const accounts = new Map<string, Own[]>()
  for (const [index, store] of stores.entries()) {
    if ((closed & (1 << index)) !== 0) continue
    const { provider } = store.place
    accounts.set(provider, [...(accounts.get(provider) ?? []), { store, index }])
  }
  return accounts
}

export function standingOf(found: ReturnType<Prices['provider']> | Unknown): {
  subscriptionMonthUsd: number
  minimumMonthUsd: number
} {
  const billing = isKnown(found) ? found.billing : undefined
  const { subscriptionMonthUsd = 0, minimumMonthUsd = 0 } = billing ?? {}
  return { subscriptionMonthUsd, minimumMonthUsd }
}

/** Billed bytes of an option. */
export function storedOf(option: Option, totals: Totals): number {
  const { index, besideBytes } = option
  const objects = totals.objects[index]! + totals.watchedObjects[index]!
  const bytes = totals.bytes[index]! + totals.watchedBytes[index]!
  return billedBytes({ leastBytes: 0, besideBytes }, bytes, objects)
}

/** What an account sends, and what of it is free. */
export function egressOf(own: readonly Own[], totals: Totals): { sent: number; free: number } {
  const options = own.flatMap(({ store }) => store.options)
  const sum = (of: (option: Option) => number) =>
    options.reduce((total, option) => total + of(option), 0)
  const stored = sum(({ index }) => totals.bytes[index]! + totals.watchedBytes[index]!)
  const { freeEgressBytes, freeTimesStored } = own[0]!.store
  return {
    sent: sum(({ index }) => totals.readBytes[index]!),
    free: freeEgressBytes + freeTimesStored * stored,
  }
}
