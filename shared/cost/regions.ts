// Where a provider's regions are: country, jurisdiction, and about where on the globe. Ids are unique within a
// provider alone, since some use another's for other countries. Where nothing is known, or a place spans
// countries, it meets no demand: a policy is never met by a guess.

import type { Place } from '#shared/prices/place.ts'

export interface Region {
  country: string | null
  jurisdiction: string | null
  continent: string | null
  /** Latitude and longitude of a city nearby: for nearness, never for compliance. */
  at?: readonly number[]
  /** False: a hint, which the provider need not follow. */
  guaranteed?: boolean
  /** The regions that it consists of. */
  members?: readonly string[]
  /** A cloud of its own, with accounts of its own. */
  partition?: string
}

interface RegionData {
  groups: Readonly<Record<string, readonly string[]>>
  providers: Readonly<Record<string, Readonly<Record<string, Region>>>>
}

export interface Regions {
  find(place: Place): Region | undefined
  /** Whether data there stays in one of these countries (`DE`), or groups of them (`EU`, `EEA`). */
  lies(place: Place, within: readonly string[]): boolean
  /** The provider's region that is nearest to a place, within these where some are named. */
  nearest(provider: string, to: Place, within?: readonly string[]): string | undefined
}

export async function openRegions(): Promise<Regions> {
  const { default: data } = await import('./regions-data.ts')
  return createRegions(data)
}

export function createRegions({ groups, providers }: RegionData): Regions {
  function find({ provider, region }: Place): Region | undefined {
    const table = providers[provider]
    return region !== undefined && table && Object.hasOwn(table, region) ? table[region] : undefined
  }

  function lies(place: Place, within: readonly string[]): boolean {
    const found = find(place)
    if (!found || found.guaranteed === false) return false
    const { country, members } = found
    if (members) return members.every((region) => lies({ ...place, region }, within))
    if (country === null) return within.includes(found.jurisdiction ?? '')
    return within.some((name) => name === country || groups[name]?.includes(country))
  }

  function nearest(provider: string, to: Place, within: readonly string[] = []) {
    const from = find(to)?.at
    const open = Object.entries(providers[provider] ?? {}).filter(
      ([region, { partition }]) =>
        partition === undefined && (within.length === 0 || lies({ provider, region }, within)),
    )
    if (from === undefined) return undefined
    const near = open.flatMap(([region, { at }]) =>
      at ? [{ region, away: distance(from, at) }] : [],
    )
    return near.toSorted((a, b) => a.away - b.away)[0]?.region
  }

  return { find, lies, nearest }
}

/** The square of the chord through the globe: enough to order by. */
function distance(a: readonly number[], b: readonly number[]): number {
  const [p, q] = [onSphere(a), onSphere(b)]
  return p.reduce((sum, value, axis) => sum + (value - q[axis]!) ** 2, 0)
}

function onSphere([latitude = 0, longitude = 0]: readonly number[]): number[] {
  const [lat, lon] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180]
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)]
}
