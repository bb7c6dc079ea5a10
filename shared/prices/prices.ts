// The catalogue, opened: what each provider takes for bytes kept, requests made and bytes sent. Every answer
// is a figure with its evidence or says why there is none. Data is loaded at the first `openPrices`.

import type { Catalogue, Operation, ProviderPrices } from './catalogue.ts'
import type { ClassRules } from './classes.ts'
import { createClassPrices } from './classes.ts'
import type { Destination, Egress } from './egress.ts'
import { createEgressPrices } from './egress.ts'
import type { Witness } from './evidence.ts'
import { createWitness } from './evidence.ts'
import type { Figure, Unknown } from './figure.ts'
import { isKnown } from './figure.ts'
import type { Ladder } from './ladder.ts'
import type { Place } from './place.ts'
import { lineOf } from './place.ts'
import type { Shelf } from './shelf.ts'

export interface Prices {
  /** The day of the catalogue. */
  generated: string
  /** A GB kept for a month, by what is kept in that class and region. Allowances are not in it. */
  storage(shelf: Shelf): Ladder | Unknown
  /** 1,000 requests. */
  request(shelf: Shelf, operation: Operation): Figure | Unknown
  /** A GB read from the class, or restored: `standard`, `bulk`, `expedited`, `high-priority`. */
  retrieval(shelf: Shelf, mode?: string): Figure | Unknown
  /** A GB written, beyond the request: Express One Zone, and the replication of multi-regions. */
  written(shelf: Shelf): Figure | Unknown
  /** 1,000 objects that a lifecycle rule moves into the class. */
  transition(into: Shelf): Figure | Unknown
  /** 1,000 objects watched for a month. */
  monitoring(shelf: Shelf): Figure | Unknown
  /** A GB a month that is missing until the minimum duration. */
  earlyDeletion(shelf: Shelf): Figure | Unknown
  /** Minimums, overheads, and what triggers their fees. */
  rules(shelf: Shelf): ClassRules | Unknown
  /** A GB sent, by what was sent in the month. */
  egress(from: Place, to: Destination): Egress | Unknown
  /**
   * What a GB read by somebody on the internet costs at first, allowances aside. `providerId` is the id of
   * a row in `storage/compatibility.ts`. Compare with `compareRates`.
   */
  egressToInternet(providerId: string, region: string | undefined): Figure | Unknown
  /** The catalogue's own lines: allowances, minimums, rounding, lifecycle, notes. */
  provider(id: string): ProviderPrices | Unknown
  /** A figure for a field that `provider` gave. */
  witness: Witness
}

export interface PricesOptions {
  /** Milliseconds since the epoch; decides what is stale. */
  now: () => number
  /** What the user's own file of prices says, parsed; faults are a `PricesError`. */
  overrides?: { data: unknown; from: string } | undefined
}

export async function openPrices({ now, overrides }: PricesOptions): Promise<Prices> {
  const catalogue = await loadCatalogue()
  const { sources, providers } = overrides ? await layOver(catalogue, overrides) : catalogue
  const witness = createWitness(sources, now)

  function provider(id: string): ProviderPrices | Unknown {
    return lineOf(providers, id) ?? { reason: notListed(id) }
  }

  const egress = createEgressPrices(provider, witness)
  return {
    generated: catalogue.generated,
    witness,
    provider,
    ...createClassPrices(provider, witness),
    egress,
    egressToInternet(id, region) {
      const found = egress({ provider: id, region }, 'internet')
      return isKnown(found) ? found.ladder[0]!.figure : found
    },
  }
}

/** The compiler sees any list where a tier or a rule is meant; that all is of this shape is held by a test. */
async function loadCatalogue(): Promise<Catalogue> {
  const { default: data } = await import('./catalogue-data.ts')
  return data as unknown as Catalogue
}

/** What checks a user's prices is loaded for those who have some. */
async function layOver(base: Catalogue, { data, from }: NonNullable<PricesOptions['overrides']>) {
  const { readOverrides, withOverrides } = await import('./overrides.ts')
  const own = readOverrides(data, from)
  const providers = { ...base.providers }
  for (const [id, prices] of Object.entries(own.providers))
    providers[id] = withOverrides(base.providers[id], prices)
  return { providers, sources: { ...own.sources, ...base.sources } }
}

function notListed(id: string): string {
  return `What "${id}" costs is for whoever runs it to say: write its prices into the file of prices.`
}
