// From a field of the catalogue to a figure: which source it names, how far that is trusted, how old it is.

import type { CatalogueSource, Evidence } from './catalogue.ts'
import type { Figure, Flag, Source, Trust } from './figure.ts'
import { CONFIGURED } from './figure.ts'

const YEAR_MILLISECONDS = 365 * 24 * 60 * 60 * 1000

export interface Unit {
  unit: string
  unitSize: number
}

export interface Witness {
  /** The figure for a field of a group, such as `storage`, or `requests.put`. */
  figure<Value>(value: Value, unit: Unit, group: Evidence, field: string): Figure<Value>
}

/** Sources are looked up by id; a figure is as old as the last reading that confirmed it. */
export function createWitness(
  sources: Readonly<Record<string, CatalogueSource>>,
  now: () => number,
): Witness {
  function read(id: string): CatalogueSource {
    const found = sources[id]
    if (found === undefined)
      throw new TypeError(`A figure names the source "${id}", which is none.`)
    return found
  }

  return {
    figure(value, { unit, unitSize }, group, field) {
      const found = read(nameIn(group.sources, field) ?? group.source ?? CONFIGURED)
      const confirming = nameIn(group.confirmed, field)
      const latest = confirming === undefined ? found : read(confirming)
      const { trust = CONFIGURED } = found
      const flags = [...unverified(trust), ...stale(latest, now())]
      const { note } = group
      return {
        ...{ value, unit, unitSize, source: shown(latest), trust, flags },
        ...(note === undefined ? {} : { note }),
      }
    },
  }
}

/** `requests.put` is named by itself or by `requests`. */
function nameIn(names: Readonly<Record<string, string>> | undefined, field: string) {
  return names?.[field] ?? names?.[field.split('.')[0]!]
}

function shown({ from, asOf }: CatalogueSource): Source {
  return { from, asOf: asOf ?? undefined }
}

function unverified(trust: Trust): Flag[] {
  return trust === 'unverified' ? ['unverified'] : []
}

/** A month or a year counts from its first day: a figure may be older than it is taken for, never younger. */
function stale({ asOf, timeless, trust = CONFIGURED }: CatalogueSource, now: number): Flag[] {
  if (timeless || (asOf === null && trust === CONFIGURED)) return []
  return asOf === null || now - Date.parse(asOf) > YEAR_MILLISECONDS ? ['stale'] : []
}
