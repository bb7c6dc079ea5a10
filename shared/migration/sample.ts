// A look at some of the objects: what listings do not tell, and how long reading takes. Nothing is written; what
// writing takes is not known before, and is taken to be as long.

import { carry } from '#shared/copy/carry.ts'
import type { Place } from '#shared/compare/listing.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { MigrationContext } from './context.ts'
import type { Stock } from './stock.ts'

export interface Sampled {
  /** Objects that were looked at. */
  looked: number
  /** How many of them would lose what, at the destination. */
  losses: { what: string; objects: number; examples: string[] }[]
  /** Of reading one: seconds, and seconds for each byte. Undefined where none could be read. */
  reading?: { objects: number; seconds: number; secondsPerByte: number } | undefined
}

const LOOKED_AT = 24
const READ = 8
const MOST_BYTES = 8 * 2 ** 20

export async function lookAtSome(
  { from, to }: Pick<MigrationContext, 'from' | 'to'>,
  sample: Stock['sample'],
  clock: () => number = () => performance.now() / 1000,
): Promise<Sampled> {
  const some = spread(sample, LOOKED_AT)
  const losses = new Map<string, string[]>()
  let looked = 0
  for (const { key } of some) {
    const lost = await lossesOf(from, to, key)
    if (!lost) continue
    looked++
    for (const what of lost) losses.set(what, [...(losses.get(what) ?? []), key])
  }
  return {
    looked,
    losses: [...losses].map(([what, keys]) => {
      return { what, objects: keys.length, examples: keys.slice(0, 3) }
    }),
    reading: await readSome(from, some, clock),
  }
}

/** Undefined where it is gone meanwhile, or cannot be looked at. */
async function lossesOf(from: Place, to: Place, key: string): Promise<string[] | undefined> {
  try {
    const source = await from.store.head(from.base + key)
    const job = { from: from.store, to: to.store, key: from.base + key, mode: 'create' } as const
    const { losses } = await carry(job, source)
    return [...new Set(losses.map(({ what, reason }) => `${what}: ${reason}`))]
  } catch (error) {
    if (isStorageError(error)) return undefined
    throw error
  }
}

async function readSome(
  { store, base }: Place,
  some: Stock['sample'],
  clock: () => number,
): Promise<Sampled['reading']> {
  const readable = spread(
    some.filter(({ size }) => size <= MOST_BYTES),
    READ,
  )
  const seen: { seconds: number; bytes: number }[] = []
  for (const { key, size } of readable) {
    const begun = clock()
    try {
      const { body } = await store.get(base + key)
      for await (const _ of body) continue
      seen.push({ seconds: clock() - begun, bytes: size })
    } catch (error) {
      if (!isStorageError(error)) throw error
    }
  }
  return seen.length === 0 ? undefined : { objects: seen.length, ...lineThrough(seen) }
}

/** The straight line that fits best, with neither a time nor a rate below nothing. */
function lineThrough(seen: readonly { seconds: number; bytes: number }[]) {
  const count = seen.length
  const meanSeconds = seen.reduce((sum, { seconds }) => sum + seconds, 0) / count
  const meanBytes = seen.reduce((sum, { bytes }) => sum + bytes, 0) / count
  const spreadBytes = seen.reduce((sum, { bytes }) => sum + (bytes - meanBytes) ** 2, 0)
  const together = seen.reduce(
    (sum, { bytes, seconds }) => sum + (bytes - meanBytes) * (seconds - meanSeconds),
    0,
  )
  const secondsPerByte = spreadBytes > 0 ? Math.max(together / spreadBytes, 0) : 0
  return { secondsPerByte, seconds: Math.max(meanSeconds - secondsPerByte * meanBytes, 0) }
}

function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all]
  return Array.from({ length: count }, (_, at) => all[Math.floor((at * all.length) / count)]!)
}
