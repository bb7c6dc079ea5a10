// The catalogue as the tests open it: on a day of its own time, so that what is stale does not change.

import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import { formatUsd } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import { openPrices } from '#shared/prices/prices.ts'

export const TODAY = Date.parse('2026-11-21')
export const GIB = 1_073_741_824
export const GB = 1_000_000_000

export function openToday(overrides?: unknown): Promise<Prices> {
  return openPrices({
    now: () => TODAY,
    ...(overrides === undefined ? {} : { overrides: { data: overrides, from: 'prices.yaml' } }),
  })
}

/** The answer, or a failure that tells the reason. */
export function known<Known extends object>(answer: Known | Unknown): Known {
  if (!isKnown(answer)) throw new Error(`unknown: ${answer.reason}`)
  return answer
}

export function reason(answer: object): string {
  return 'reason' in answer ? String(answer.reason) : 'it is known'
}

/** In dollars, to the hundredth of a millionth. */
export function amountOf(answer: Figure | Unknown): string {
  return formatUsd(known(answer).value, 8)
}
