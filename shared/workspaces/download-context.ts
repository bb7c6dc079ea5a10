// What the choice of a store for a download rests on, kept for the life of the process: which stores are
// well, how fast they answer, and what their traffic costs. Fed by the stores' own observations.

import type { Platform } from '#shared/platform.ts'
import type { Prices, PricesOptions } from '#shared/prices/prices.ts'
import type { Observation } from '#shared/storage/call.ts'
import type { Circuits } from '#shared/storage/circuits.ts'
import { createCircuits } from '#shared/storage/circuits.ts'
import type { Latencies } from './latency.ts'
import { createLatencies } from './latency.ts'

export interface DownloadContext {
  circuits: Circuits
  latencies: Latencies
  /** Loaded when first asked for. */
  prices: () => Promise<Pick<Prices, 'egressToInternet'>>
  /** From 0 to below 1. */
  random: () => number
  /** Work that nobody waits for; its failure is nobody's. */
  background: (work: Promise<unknown>) => void
  /** For each store's `observe`. */
  observe: (observation: Observation) => void
}

export interface DownloadContextOptions extends Pick<Platform, 'now' | 'waitUntil'> {
  /** The user's own file of prices, where there is one. */
  priceOverrides?: (() => Promise<PricesOptions['overrides']>) | undefined
}

export function createDownloadContext(
  options: DownloadContextOptions,
): DownloadContext & { prices: () => Promise<Prices> } {
  const circuits = createCircuits(options)
  const latencies = createLatencies(options)
  let prices: Promise<Prices> | undefined
  return {
    circuits,
    latencies,
    prices() {
      prices ??= loadPrices(options).catch((error: unknown) => {
        prices = undefined
        throw error
      })
      return prices
    },
    random: Math.random,
    background(work) {
      const settled = work.catch(() => undefined)
      options.waitUntil?.(settled)
    },
    observe(observation) {
      circuits.observe(observation)
      latencies.observe(observation)
    },
  }
}

async function loadPrices({ now, priceOverrides }: DownloadContextOptions): Promise<Prices> {
  const { openPrices } = await import('#shared/prices/prices.ts')
  return openPrices({ now, overrides: await priceOverrides?.() })
}
