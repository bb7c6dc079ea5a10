// The shape of the catalogue, which is the shape of a user's own prices too: providers, their classes by
// region, egress, and what bills how. Every group of figures names its source; `sources` inside it names
// another one for single fields, `confirmed` a later reading of the same figure.

import * as z from '#shared/shape/shape.ts'

export const OPERATIONS = [
  ...['put', 'copy', 'begin', 'part', 'complete', 'abort', 'list', 'parts', 'get', 'head'],
  ...['delete', 'restore', 'restore-bulk', 'restore-expedited'],
] as const

/** What a client asks of a store, `begin` to `abort` and `parts` being those of a multipart upload. */
export type Operation = (typeof OPERATIONS)[number]

const text = z.string().check(z.minLength(1))
const texts = z.optional(z.array(text))
const usd = z.number().check(z.nonnegative())
const bytes = z.int().check(z.nonnegative())
const positive = z.number().check(z.positive())
const byName = <T>(value: z.Shape<T>): z.Shape<Record<string, T>> => z.record(text, value)

const evidence = {
  /** Absent in a user's own prices: his file. */
  source: z.optional(text),
  sources: z.optional(byName(text)),
  confirmed: z.optional(byName(text)),
  note: z.optional(text),
  notes: texts,
}

/** Up to how many GB in all (`null`: without end), the price of one, and its source where it is another. */
const tier = z.union([
  z.tuple([z.nullable(positive), usd]),
  z.tuple([z.nullable(positive), usd, text]),
])

export type Tier = z.infer<typeof tier>

function ascend(tiers: readonly Tier[]): boolean {
  return tiers.every(([upTo], at) => {
    const below = tiers[at - 1]
    return below === undefined || (below[0] !== null && (upTo === null || upTo > below[0]))
  })
}

const tiers = z
  .array(tier)
  .check(z.minLength(1), z.refine(ascend, 'tiers whose limits ascend, without one only the last'))

/** Prices of one class in one region: a GB a month, 1,000 requests or objects, a GB moved. */
const row = z.strictObject({
  storage: z.optional(tiers),
  /** Of `storage`: how many GB a price is for. */
  storageUnitGb: z.optional(positive),
  laterTiers: z.optional(byName(usd)),
  requests: z.optional(byName(usd)),
  retrieval: z.optional(byName(usd)),
  monitoring: z.optional(usd),
  transition: z.optional(usd),
  upload: z.optional(usd),
  replication: z.optional(usd),
  earlyDeletion: z.optional(usd),
  ...evidence,
})

const meters = z.partialRecord(
  z.enum(OPERATIONS),
  z.union([z.literal('free'), z.array(text).check(z.minLength(1))]),
)

const storageClass = z.strictObject({
  title: z.optional(text),
  family: z.optional(text),
  minimumDays: z.optional(z.int().check(z.nonnegative())),
  minimumObjectBytes: z.optional(bytes),
  monitoredFromBytes: z.optional(bytes),
  laterAfterDays: z.optional(byName(z.int())),
  lifecycleFromDays: z.optional(z.int()),
  restoreRequired: z.optional(z.boolean()),
  restore: z.optional(text),
  overhead: z.optional(
    z.strictObject({ classRateBytes: bytes, standardRateBytes: bytes, ...evidence }),
  ),
  earlyDeletion: z.optional(
    z.strictObject({ triggers: texts, notBy: texts, ageFrom: z.optional(text), ...evidence }),
  ),
  dualRegion: z.optional(z.strictObject({ storage: byName(usd), ...evidence })),
  meters: z.optional(meters),
  ...evidence,
  regions: z.optional(byName(row)),
})

const egressTiers = z.strictObject({ tiers, ...evidence })
const flatPrice = z.strictObject({ usd, ...evidence })

/** From, to, price of a GB, source. A place is a region, a group of them or `any`; the first rule that fits. */
const rule = z.union([z.tuple([text, text, usd]), z.tuple([text, text, usd, text])])

const egress = z.strictObject({
  sameRegion: z.optional(flatPrice),
  internet: z.optional(byName(egressTiers)),
  places: z.optional(byName(egressTiers)),
  between: z.optional(z.array(rule)),
  fairUse: z.optional(z.strictObject({ timesStored: positive, ...evidence })),
  notes: texts,
})

const where = { regions: texts, classes: texts }

const allowances = z.strictObject({
  storage: z.optional(z.strictObject({ gb: usd, ...where, ...evidence })),
  requests: z.optional(z.strictObject({ of: byName(z.int()), ...where, ...evidence })),
  egress: z.optional(
    z.strictObject({
      gb: z.optional(usd),
      timesStored: z.optional(positive),
      ...where,
      ...evidence,
    }),
  ),
})

const billing = z.strictObject({
  accrual: z.optional(text),
  hoursPerMonth: z.optional(positive),
  minimumMonthUsd: z.optional(usd),
  subscriptionMonthUsd: z.optional(usd),
  roundUp: z.optional(z.strictObject({ gb: positive, requests: positive })),
  ...evidence,
})

export const provider = z.strictObject({
  title: z.optional(text),
  gbBytes: z.optional(bytes.check(z.positive())),
  billing: z.optional(billing),
  /** Regions by the part of the world, in the provider's own terms. */
  groups: z.optional(byName(z.array(text))),
  /** Whose price stands in for an unlisted region of a group, and for one that nobody named (`anywhere`). */
  assume: z.optional(byName(text)),
  meters: z.optional(z.strictObject({ of: meters, ...evidence })),
  lifecycle: z.optional(
    z.strictObject({
      smallObjectBytes: z.optional(bytes),
      transitions: z.optional(byName(z.array(text))),
      ...evidence,
    }),
  ),
  allowances: z.optional(allowances),
  classes: z.optional(byName(storageClass)),
  redundancy: z.optional(
    z.strictObject({ default: text, storage: byName(usd), write: byName(usd), ...evidence }),
  ),
  egress: z.optional(egress),
  ingress: z.optional(flatPrice),
  extras: z.optional(
    z.array(z.strictObject({ what: text, usd, per: text, source: z.optional(text) })),
  ),
})

const DAY = /^\d{4}(-\d\d(-\d\d)?)?$/

function isDay(day: string): boolean {
  return DAY.test(day) && !Number.isNaN(Date.parse(day))
}

const trust = z.enum([
  'api-derived',
  'vendor',
  'vendor-page-transcription',
  'secondary',
  'unverified',
  'configured',
])

export const source = z.strictObject({
  from: text,
  /** The day, month or year of the figures; `null`: nobody knows. */
  asOf: z.nullable(z.string().check(z.refine(isDay, 'a day such as 2026-03-01'))),
  trust: z.optional(trust),
  /** Not a price that could change. */
  timeless: z.optional(z.boolean()),
})

export const catalogue = z.strictObject({
  version: z.literal(1),
  generated: z.iso.date(),
  currency: z.literal('USD'),
  sources: byName(source),
  providers: byName(provider),
})

export type Catalogue = z.infer<typeof catalogue>
export type ProviderPrices = z.infer<typeof provider>
export type ClassPrices = z.infer<typeof storageClass>
export type Row = z.infer<typeof row>
export type CatalogueSource = z.infer<typeof source>
export type EgressTiers = z.infer<typeof egressTiers>

/** What a group of figures says of its sources. */
export interface Evidence {
  source?: string | undefined
  sources?: Readonly<Record<string, string>> | undefined
  confirmed?: Readonly<Record<string, string>> | undefined
  note?: string | undefined
}
