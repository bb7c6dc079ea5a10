// Workspaces as the tests of cost price them: inventories made of a few lines, in stores that nobody opens.

import type { Cell, Placement } from '#shared/cost/histogram.ts'
import { ageStep, sizeStep } from '#shared/cost/buckets.ts'
import type { Inventory } from '#shared/cost/inventory.ts'
import type { StorePlace } from '#shared/cost/places.ts'
import type { Usage, UsageRow } from '#shared/cost/usage.ts'
import { usageOf } from '#shared/cost/usage.ts'

export const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB
export const TODAY = Date.parse('2026-11-21T00:00:00Z')

export interface Heap {
  prefix?: string
  objects: number
  objectBytes: number
  ageDays?: number
  placement: Placement
}

export function cellOf({
  prefix = '',
  objects,
  objectBytes,
  ageDays = 100,
  placement,
}: Heap): Cell {
  return {
    ...{ prefix, objects, bytes: objects * objectBytes, ageDays, placement },
    ...{ age: ageStep(ageDays), size: sizeStep(objectBytes) },
  }
}

export function inventoryOf(places: readonly StorePlace[], heaps: readonly Heap[]): Inventory {
  return {
    workspace: 'photos',
    stores: places.map(({ name }) => name),
    takenAt: new Date(TODAY).toISOString(),
    cells: heaps.map(cellOf),
    unreachable: [],
  }
}

const CLASSES: Record<string, readonly string[]> = {
  s3: [
    ...['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'],
    ...['GLACIER', 'DEEP_ARCHIVE'],
  ],
  gcs: ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'],
  azure: ['Hot', 'Cool', 'Cold', 'Archive'],
  r2: ['STANDARD', 'STANDARD_IA'],
}

const REGIONS: Record<string, string> = {
  s3: 'us-east-1',
  gcs: 'us-east1',
  azure: 'eastus',
  b2: 'us-east-005',
  wasabi: 'us-east-1',
  spaces: 'nyc3',
}

/** The first is the primary. */
export function placesAt(...providers: readonly string[]): StorePlace[] {
  return providers.map((provider, index) => ({
    ...{ name: `${provider}-store`, role: index === 0 ? 'primary' : 'replica', provider },
    ...{ region: REGIONS[provider], classes: CLASSES[provider] ?? ['STANDARD'] },
  }))
}

export function usageFrom(rows: readonly Partial<UsageRow>[] = [], days = 30): Usage {
  const to = '2026-11-21'
  const from = new Date(Date.parse(to) - (days - 1) * 86_400_000).toISOString().slice(0, 10)
  const whole = rows.map((row) => ({
    ...{ day: to, store: 's3-store', prefix: '', counts: {}, sentBytes: 0, unsizedReads: 0 },
    ...row,
  }))
  return usageOf(whole, [], { from, to })
}
