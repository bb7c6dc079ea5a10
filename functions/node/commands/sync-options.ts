// The options that `sync` and `cp` share, and the run that they ask for.

import type { SyncJob } from '#shared/sync/run.ts'
import type { Selection } from '#shared/sync/selection.ts'
import { namesFrom } from '#shared/sync/selection.ts'
import type { Place } from '#shared/compare/listing.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import { locate } from './location.ts'
import { readAge, readBytes } from './measures.ts'

const TRANSFERS = 4
const CHECKERS = 8

export const SYNC_OPTIONS: readonly OptionRow[] = [
  { flags: '-n, --dry-run', summary: 'say what would be done, and do nothing' },
  {
    flags: '--include <pattern>',
    summary: 'only these: *.jpg, /photos/**, {a,b}?; may be given again',
    many: true,
  },
  { flags: '--exclude <pattern>', summary: 'not these; may be given again', many: true },
  { flags: '--min-size <size>', summary: 'not smaller: 100, 16k, 1.5G' },
  { flags: '--max-size <size>', summary: 'not larger' },
  { flags: '--min-age <age>', summary: 'not younger: 90s, 1h30m, 7d, or a date' },
  { flags: '--max-age <age>', summary: 'not older' },
  { flags: '--transfers <count>', summary: `objects copied at once (${TRANSFERS})` },
  { flags: '--checkers <count>', summary: `objects compared at once (${CHECKERS})` },
  {
    flags: '--records <uri>',
    summary: "where it is kept what is the same: another store, or none; else the target's .skein/",
  },
  {
    flags: '--through-here',
    summary: 'move the bytes through this machine even where the provider could copy by itself',
  },
  { flags: '-v, --verbose', summary: 'a line for each object' },
]

export async function readJob(
  context: Context,
  options: Options,
  from: Place,
  to: Place,
): Promise<SyncJob> {
  const { platform, signal } = context
  const { now } = platform
  const records = await recordsAt(context, options.text('records'), to.store)
  return {
    from,
    to,
    selection: readSelection(options, now()),
    transfers: readCount(options, 'transfers', 1) ?? TRANSFERS,
    checkers: readCount(options, 'checkers', 1) ?? CHECKERS,
    dryRun: options.flag('dryRun'),
    ...(options.flag('throughHere') && { through: 'here' as const }),
    ...(records && { records }),
    now,
    signal,
  }
}

async function recordsAt(
  context: Context,
  where: string | undefined,
  usual: Store,
): Promise<Store | undefined> {
  if (where === undefined) return usual
  if (where === 'none') return undefined
  return (await locate(context, where)).store
}

function readSelection(options: Options, now: number): Selection {
  const bytes = (name: string, flag: string) => {
    const text = options.text(name)
    return text === undefined ? undefined : readBytes(text, flag)
  }
  const age = (name: string, flag: string) => {
    const text = options.text(name)
    return text === undefined ? undefined : readAge(text, flag, now)
  }
  return {
    names: namesFrom(options.texts('include'), options.texts('exclude')),
    minBytes: bytes('minSize', '--min-size'),
    maxBytes: bytes('maxSize', '--max-size'),
    since: age('maxAge', '--max-age'),
    until: age('minAge', '--min-age'),
  }
}

export function readCount(options: Options, name: string, least: number): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= least) return count
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UsageError(`--${flag} takes a whole number from ${least}, not "${text}".`)
}
