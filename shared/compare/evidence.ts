// Whether two objects hold the same bytes, and how that is known, at the least cost that the caller allows: by
// what listings told, by a HEAD, by reading one side, by reading both. Equal sizes prove nothing, ETags are
// never compared, and what cannot be known stays unknown. An object that changes meanwhile fails the comparison.

import type { Checksum, ListedObject, ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import { wholeDigestsOf } from './combined.ts'
import type { Digests } from './digests.ts'
import { PREFERENCE, compareDigests, sameComposite } from './digests.ts'
import type { Grade } from './grade.ts'

export interface ObjectAt {
  store: Store
  key: string
  /** As a listing or a HEAD told it; absent: it is asked for. */
  seen?: ListedObject | ObjectInfo | undefined
}

export interface CompareOptions {
  /**
   * `none`: providers' own digests alone. `one`: where these say nothing, the side that costs less is read, or both
   * where no digest is to be had. `both`: both are read, whatever the providers say.
   */
  read?: 'none' | 'one' | 'both' | undefined
  /** Of the first object's bytes, by a record that still holds for it. */
  recorded?: Checksum | undefined
  signal?: AbortSignal | undefined
}

export interface Finding {
  /** Undefined where it could not be known. */
  same: boolean | undefined
  /** How; `size` where they differ in it, or where nothing else is known. */
  grade: Grade
  /** Of the bytes that both hold. */
  digest?: Checksum | undefined
}

export async function compareObjects(
  a: ObjectAt,
  b: ObjectAt,
  options: CompareOptions = {},
): Promise<Finding> {
  const { read = 'none', signal } = options
  if (read !== 'both') {
    const listed = byDigests(a.seen, b.seen)
    if (listed) return listed
  }
  const [first, second] = await Promise.all([lookAt(a, signal), lookAt(b, signal)])
  if (first.info.size !== second.info.size) return { same: false, grade: 'size' }
  if (read === 'both') return readBoth(first, second, signal)
  const declared = byDigests(first.info, second.info) ?? (await byParts(first, second, signal))
  if (declared || read === 'none') return declared ?? { same: undefined, grade: 'size' }
  return readOne(first, second, options)
}

/** By digests that follow from what the providers tell of parts. */
async function byParts(
  a: LookedAt,
  b: LookedAt,
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
  if (!a.info.composite && !b.info.composite) return undefined
  const [first, second] = await Promise.all(
    [a, b].map(async ({ store, key, info }) => {
      return { ...info, checksums: await wholeDigestsOf(store, key, info, signal) }
    }),
  )
  return byDigests(first, second)
}

interface LookedAt {
  store: Store
  key: string
  info: ObjectInfo
}

async function lookAt(
  { store, key, seen }: ObjectAt,
  signal: AbortSignal | undefined,
): Promise<LookedAt> {
  const info = seen && 'metadata' in seen ? seen : await store.head(key, { signal })
  return { store, key, info }
}

type Told = ListedObject | ObjectInfo

/** Undefined where the digests that both providers tell cannot be compared. */
function byDigests(a: Told | undefined, b: Told | undefined): Finding | undefined {
  if (!a || !b) return undefined
  if (a.size !== b.size) return { same: false, grade: 'size' }
  const compared = compareDigests(a.checksums ?? {}, b.checksums ?? {})
  if (compared) {
    const { algorithm, same } = compared
    const digest = { algorithm, value: a.checksums![algorithm]! }
    return { same, grade: 'declared', ...(same && { digest }) }
  }
  const composites = 'metadata' in a && 'metadata' in b && sameComposite(a.composite, b.composite)
  return composites ? { same: true, grade: 'declared' } : undefined
}

/** Reads the side whose bytes can be held against what is known of the other. */
async function readOne(
  a: LookedAt,
  b: LookedAt,
  { recorded, signal }: CompareOptions,
): Promise<Finding> {
  const ofA: Digests = {
    ...(recorded && { [recorded.algorithm]: recorded.value }),
    ...a.info.checksums,
  }
  const ofB = b.info.checksums
  const sides = [
    { side: a, known: ofB },
    { side: b, known: ofA },
  ].filter(({ known }) => best(known) !== undefined)
  // What lies on this machine costs nothing to read.
  const chosen = sides.find(({ side }) => side.store.row.wire === 'file') ?? sides.at(-1)
  if (!chosen) return readBoth(a, b, signal)
  const { side, known } = chosen
  const algorithm = best(known)!
  const held = await digestsOf(side, [algorithm], signal)
  const same = held[algorithm] === known[algorithm]
  const digest = { algorithm, value: held[algorithm]! }
  return { same, grade: 'attested', ...(same && { digest }) }
}

async function readBoth(
  a: LookedAt,
  b: LookedAt,
  signal: AbortSignal | undefined,
): Promise<Finding> {
  const algorithms = ['sha256', 'crc32c'] as const
  const [ofA, ofB] = await Promise.all([a, b].map((side) => digestsOf(side, algorithms, signal)))
  const same = ofA?.sha256 === ofB?.sha256
  // The one that most providers can be asked for later.
  const digest = { algorithm: 'crc32c' as const, value: ofA?.crc32c ?? '' }
  return { same, grade: 'bytes', ...(same && { digest }) }
}

function best(digests: Digests): DigestAlgorithm | undefined {
  return PREFERENCE.find((algorithm) => digests[algorithm] !== undefined)
}

/** Of the bytes as they are now, on condition that they are those that were looked at. */
async function digestsOf(
  { store, key, info }: LookedAt,
  algorithms: readonly DigestAlgorithm[],
  signal: AbortSignal | undefined,
): Promise<Digests> {
  const { body } = await store.get(key, { ifMatch: info.etag, signal })
  const digests = startPassingDigests(algorithms)
  for await (const chunk of body) await digests.update(chunk)
  return digests.values()
}
