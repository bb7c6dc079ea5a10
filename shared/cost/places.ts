// Where each store of a workspace is and how its provider names that in its prices. A region that an address does
// not tell (Azure, Google, R2) is the configuration's to say; without it the catalogue's stand-in holds, and
// every figure that rests on it says so.

import type { Shelf } from '#shared/prices/shelf.ts'
import type { Store } from '#shared/storage/store.ts'

export interface StorePlace {
  name: string
  role: 'primary' | 'replica'
  provider: string
  region: string | undefined
  redundancy?: string | undefined
  /** Those that the provider has and the store can write, the standard one first. */
  classes: readonly string[]
}

/** The configuration's words on one store. */
export interface PlaceRule {
  region?: string | undefined
  redundancy?: string | undefined
}

/** Some providers have one class, and no name for it. */
export const ONLY_CLASS = 'STANDARD'

/** The primary first. */
export function placesOf(
  stores: readonly Store[],
  rules: Readonly<Record<string, PlaceRule>> = {},
): StorePlace[] {
  return stores.map((store, index) => {
    const { capabilities, name, row } = store
    const { region = regionOf(store), redundancy } = rules[name] ?? {}
    return {
      ...{ name, provider: row.id, region, redundancy },
      role: index === 0 ? 'primary' : 'replica',
      classes: capabilities.classes.length > 0 ? capabilities.classes : [ONLY_CLASS],
    }
  })
}

/** R2's jurisdictions are places of their own, and told by the address alone. */
function regionOf({ row, region, home }: Store): string | undefined {
  const jurisdiction = /\.(eu|fedramp)\.r2\./.exec(home ?? '')?.[1]
  return row.id === 'r2' && jurisdiction ? `jurisdiction:${jurisdiction}` : region
}

export function shelfOf({ provider, region, redundancy }: StorePlace, name?: string): Shelf {
  return { provider, region, redundancy, class: name }
}
