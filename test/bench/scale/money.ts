// What a thousand million objects cost at the stores, by the price catalogue: the requests of their copies, and their
// way from one cloud to another.

import { egressCost, requestCost } from '#shared/prices/costs.ts'
import { isKnown } from '#shared/prices/figure.ts'
import { formatUsd } from '#shared/prices/money.ts'
import type { Place } from '#shared/prices/place.ts'
import type { Prices } from '#shared/prices/prices.ts'
import { MEASURED } from './measured.ts'

export interface Way {
  from: Place & { name: string }
  to: Place & { name: string }
}

export const WAYS: readonly Way[] = [
  {
    from: { name: 'S3 Frankfurt', provider: 's3', region: 'eu-central-1' },
    to: { name: 'Google Frankfurt', provider: 'gcs', region: 'europe-west3' },
  },
  {
    from: { name: 'S3 Frankfurt', provider: 's3', region: 'eu-central-1' },
    to: { name: 'Azure Amsterdam', provider: 'azure', region: 'westeurope' },
  },
  {
    from: { name: 'S3 Frankfurt', provider: 's3', region: 'eu-central-1' },
    to: { name: 'R2', provider: 'r2', region: 'auto' },
  },
  {
    from: { name: 'R2', provider: 'r2', region: 'auto' },
    to: { name: 'S3 Frankfurt', provider: 's3', region: 'eu-central-1' },
  },
]

export interface WayCosts {
  /** Of the uploads themselves, at the primary. */
  uploads: string
  get: string
  put: string
  egress: string
  lists: string
}

const A_PAGE = 1000n

/** In whole dollars, or why nobody knows. */
export function costsOf(prices: Prices, { from, to }: Way, objects: bigint): WayCosts {
  const bytes = objects * BigInt(MEASURED.objectBytes)
  const list = { list: objects / A_PAGE }
  const both = [requestCost(prices, from, list), requestCost(prices, to, list)]
  const { uploadWrites, uploadReads } = MEASURED
  const uploads = { put: objects * BigInt(uploadWrites), get: objects * BigInt(uploadReads) }
  return {
    uploads: dollars(requestCost(prices, from, uploads)),
    get: dollars(requestCost(prices, from, { get: objects * BigInt(MEASURED.copyReads) })),
    put: dollars(requestCost(prices, to, { put: objects * BigInt(MEASURED.copyWrites) })),
    egress: dollars(egressCost(prices, { from, to: 'internet', bytes })),
    lists: both.map(dollars).join(' + '),
  }
}

function dollars(cost: ReturnType<typeof requestCost>): string {
  return isKnown(cost) ? `$${Number(formatUsd(cost.amount, 0)).toLocaleString('en-US')}` : 'unknown'
}
