// What `migrate plan` is asked for, checked before anything is looked at.

import type { MigrateInput } from '#shared/migration/input.ts'
import { toSeconds } from '#shared/storage/schema.ts'
import type { Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import type { NamedPlace } from './job-places.ts'
import { readAge, readBytes } from './measures.ts'

export const PLAN_OPTIONS: readonly OptionRow[] = [
  { flags: '--from <place>', summary: 'what moves: a store, store:prefix or URI' },
  { flags: '--to <place>', summary: 'where to' },
  { flags: '--include <pattern>', summary: 'only these: *.jpg, /photos/**, {a,b}?', many: true },
  { flags: '--exclude <pattern>', summary: 'not these', many: true },
  { flags: '--min-size <size>', summary: 'not smaller: 100, 16k, 1.5G' },
  { flags: '--max-size <size>', summary: 'not larger' },
  { flags: '--min-age <age>', summary: 'not younger: 90s, 1h30m, 7d, or a date' },
  { flags: '--max-age <age>', summary: 'not older' },
  { flags: '--class <class>', summary: 'only objects of this class', many: true },
  { flags: '--storage-class <class>', summary: 'the class at the destination' },
  {
    flags: '--existing <what>',
    summary: 'something else under a key of the source: replace (kept aside) or keep',
  },
  { flags: '--max-requests <count>', summary: 'requests a second' },
  { flags: '--max-bandwidth <size>', summary: 'bytes a second: 20M' },
  { flags: '--max-spend <usd>', summary: 'dollars a day' },
  { flags: '--transfers <count>', summary: 'objects that a worker copies at once (16)' },
  { flags: '--grace <time>', summary: 'how long the source stays as it is, such as 7d' },
  { flags: '--max-lag <time>', summary: 'how late changes may be at the cutover, such as 30s' },
]

export function readWishes(
  { platform }: Context,
  options: Options,
  [from, to]: readonly [NamedPlace, NamedPlace],
): MigrateInput {
  const now = platform.now()
  const given = <T>(name: string, read: (text: string) => T): T | undefined => {
    const text = options.text(name)
    return text === undefined ? undefined : read(text)
  }
  const limits = {
    requestsPerSecond: given('maxRequests', (text) => positive(text, '--max-requests')),
    bytesPerSecond: given('maxBandwidth', (text) => readBytes(text, '--max-bandwidth')),
    usdPerDay: given('maxSpend', (text) => positive(text, '--max-spend')),
  }
  const wishes = {
    ...{ from, to },
    include: options.texts('include')?.slice(),
    exclude: options.texts('exclude')?.slice(),
    minBytes: given('minSize', (text) => readBytes(text, '--min-size')),
    maxBytes: given('maxSize', (text) => readBytes(text, '--max-size')),
    since: given('maxAge', (text) => dateOf(readAge(text, '--max-age', now))),
    until: given('minAge', (text) => dateOf(readAge(text, '--min-age', now))),
    classes: options.texts('class')?.slice(),
    storageClass: options.text('storageClass'),
    existing: given('existing', existingOf),
    limits: Object.values(limits).some((one) => one !== undefined) ? present(limits) : undefined,
    transfers: given('transfers', (text) => positive(text, '--transfers')),
    graceSeconds: given('grace', (text) => secondsIn(text, '--grace')),
    maxLagSeconds: given('maxLag', (text) => secondsIn(text, '--max-lag')),
    dryRun: options.flag('dryRun') || undefined,
  }
  return present(wishes) as MigrateInput
}

function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}

function dateOf(at: number): string {
  return new Date(at).toISOString()
}

function existingOf(text: string): 'replace' | 'keep' {
  if (text === 'replace' || text === 'keep') return text
  throw new UsageError(`--existing takes replace or keep, not "${text}".`)
}

function positive(text: string, flag: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number > 0 && Number.isFinite(number)) return number
  throw new UsageError(`${flag} takes a number above 0, not "${text}".`)
}

function secondsIn(text: string, flag: string): number {
  if (/^0(ms|s|m|h|d)?$/.test(text)) return 0
  const seconds = /^\d+(ms|s|m|h|d)$/.test(text) ? toSeconds(text) : Number.NaN
  if (seconds > 0) return seconds
  throw new UsageError(`${flag} takes a time such as 30s, 15m or 7d, not "${text}".`)
}
