// One wrong copy made right: from a store whose copy is proven, never from one that is merely newer or longer. The
// finding is looked at anew first, with all bytes read; what lies there is kept aside; the write holds only while it
// still is what was judged, so that whoever overwrites it meanwhile wins; and what was written is read back. Of an
// object too large for one step each of these is taken up where the last step left it.

import { copyObject } from '#shared/copy/copy.ts'
import { CopyPaused } from '#shared/copy/in-parts.ts'
import { SOURCE_MARK, originOf, sealMark } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import { putAside } from './aside.ts'
import type { Examined } from './examine.ts'
import { examine } from './examine.ts'
import type { Finding } from './findings.ts'
import { MENDABLE } from './findings.ts'
import type { Spent } from './look.ts'
import type { Reading } from './piecewise.ts'
import { isThrough, pieceBytesOf, readOn, takeUp } from './piecewise.ts'
import type { Found } from './sweep.ts'

export interface Repair {
  key: string
  store: string
  kind: Finding['kind']
  /** `gone`: it is not wrong any more. `moved`: somebody wrote there meanwhile. `left`: it may or can not be mended. */
  outcome: 'mended' | 'gone' | 'moved' | 'left' | 'failed'
  from?: string | undefined
  /** The key where the wrong bytes are now. */
  aside?: string | undefined
  reason?: string | undefined
}

/** How far the repair of a large object is: plain data, for it lies in the cursor. */
export interface OpenRepair {
  reading?: Reading | undefined
  /** It is written, and to be read back. */
  written?: { from: string; aside?: string | undefined } | undefined
  /** How often a store did not answer since it last got on. */
  tries?: number | undefined
}

export interface RepairOptions {
  mayTouchPrimary: boolean
  /** What is larger is read in pieces. */
  piecewiseBytes: number
  /** As the last step left it. */
  open?: OpenRepair | undefined
  /** What this step has come to beyond that: filled in, to be kept if it breaks off. */
  progress: OpenRepair
  /** Of each store; added to. */
  spent: Spent[]
  mayGoOn: () => boolean
  signal: AbortSignal
}

export async function mend(
  context: SweepContext,
  found: Found,
  options: RepairOptions,
): Promise<Repair | OpenRepair> {
  const { key, store, kind } = found.finding
  const told = { key, store, kind }
  const at = context.places.findIndex((place) => place.store.name === store)
  const why = whyLeft(found.finding, at, options)
  if (why !== undefined) return { ...told, outcome: 'left', reason: why }
  try {
    const done = await mendAt(context, found, at, options)
    return 'outcome' in done ? { ...told, ...done } : done
  } catch (error) {
    if (!isStorageError(error)) throw error
    const { tries = 0 } = options.open ?? {}
    const isWorthIt = error.retry !== 'never' && isLarge(found, options) && tries < MOST_TRIES
    if (isWorthIt) return { ...options.open, ...options.progress, tries: tries + 1 }
    return { ...told, outcome: 'failed', reason: error.message }
  }
}

/** What has taken hours is not given up for a moment's silence. */
const MOST_TRIES = 20

function isLarge({ size }: Found, { piecewiseBytes }: RepairOptions): boolean {
  return size > piecewiseBytes
}

function whyLeft(
  { kind }: Finding,
  at: number,
  { mayTouchPrimary }: RepairOptions,
): string | undefined {
  if (!MENDABLE.has(kind) || at < 0) return 'Only a person can decide it.'
  if (at > 0 || mayTouchPrimary) return undefined
  return 'The primary is mended only where that is asked for.'
}

type Ended = Pick<Repair, 'outcome' | 'from' | 'aside' | 'reason'>

async function mendAt(
  context: SweepContext,
  found: Found,
  at: number,
  options: RepairOptions,
): Promise<Ended | OpenRepair> {
  const { store, kind } = found.finding
  let { reading, written } = options.open ?? {}
  if (!written) {
    const before = await look(context, found, reading, options)
    if (!before.examined) return { reading: before.reading }
    ;({ reading } = before)
    const done = await replaceWrong(context, { found, before: before.examined, at }, options)
    if (done === 'paused') return { reading }
    if ('outcome' in done) return done
    written = done
    options.progress.written = done
  }
  const after = await look(context, found, reading, options)
  if (!after.examined) return { reading: after.reading, written }
  const { findings, pending } = after.examined
  if (pending) return { outcome: 'moved', ...written }
  const still = findings.find(
    (one) => one.store === store && (one.kind !== 'metadata' || kind === 'metadata'),
  )
  if (still) return { outcome: 'failed', ...written, reason: still.reason }
  return { outcome: 'mended', ...written }
}

interface LookedAnew {
  /** Undefined: the time was up before all was read. */
  examined?: Examined | undefined
  reading?: Reading | undefined
}

/** With all bytes read: in one go, or of a large object in pieces. */
async function look(
  context: SweepContext,
  found: Found,
  before: Reading | undefined,
  options: RepairOptions,
): Promise<LookedAnew> {
  const { piecewiseBytes, spent, progress, mayGoOn, signal } = options
  const { key } = found.finding
  const all = new Set(context.places.keys())
  const subject = { key, listed: [], records: found.records }
  const inPieces = isLarge(found, options)
  let reading: Reading | undefined
  if (inPieces) {
    const there = await Promise.all(
      context.places.map((place) => place.store.find(keyAt(place, key))),
    )
    for (const one of spent) one.heads++
    const pieceBytes = pieceBytesOf(piecewiseBytes)
    const begun = takeUp(before, key, there, all)
    const onProgress = (one: Reading) => {
      progress.reading = one
    }
    reading = await readOn(context, begun, { pieceBytes, spent, mayGoOn, onProgress, signal })
    if (reading && !isThrough(reading)) return { reading }
  }
  const reads = inPieces ? new Set<number>() : all
  const examined = await examine(context, subject, { reads, reading, settleSeconds: 0, signal })
  for (const [at, { heads, gets, bytes }] of examined.spent.entries()) {
    spent[at]!.heads += heads
    spent[at]!.gets += gets
    spent[at]!.bytes += bytes
  }
  // What changed while it was read is looked at by the next sweep.
  const hasMoved = inPieces && reading === undefined
  return { examined: hasMoved ? { ...examined, pending: true } : examined, reading }
}

interface Wrong {
  found: Found
  before: Examined
  /** The number of the store. */
  at: number
}

async function replaceWrong(
  context: SweepContext,
  { found, before, at }: Wrong,
  options: RepairOptions,
): Promise<Ended | NonNullable<OpenRepair['written']> | 'paused'> {
  if (before.pending) return { outcome: 'moved' }
  const { store } = found.finding
  const finding = before.findings.find((one) => one.store === store && MENDABLE.has(one.kind))
  if (!finding) return { outcome: 'gone' }
  const from = sourceOf(context, before, at)
  if (from === undefined) return { outcome: 'left', reason: 'No other copy is proven to be right.' }
  if (at === 0 && finding.by === 'majority' && mayBeNewer(before, at, from)) {
    const reason =
      'It was written after the copies that agree against it: it may be a new version, so only a person can decide it.'
    return { outcome: 'left', reason }
  }
  const { name } = context.places[from]!.store
  const done = await replace(context, { finding, before, from, at }, options)
  return done === 'paused' || 'outcome' in done ? done : { from: name, ...done }
}

/** The primary where its copy is proven, else the first that is. */
function sourceOf({ places }: SweepContext, { proof }: Examined, at: number): number | undefined {
  const found = places.findIndex(({ store }, index) => index !== at && proof.includes(store.name))
  return found < 0 ? undefined : found
}

/** Whole seconds are all that many stores tell, so one of the same second may be the newer. */
function mayBeNewer({ copies }: Examined, at: number, from: number): boolean {
  const [there, source] = [copies[at]?.info?.modified, copies[from]?.info?.modified]
  if (!there || !source) return false
  return Math.floor(there.getTime() / 1000) >= Math.floor(source.getTime() / 1000)
}

interface Replacing {
  finding: Finding
  before: Examined
  /** Numbers of stores. */
  from: number
  at: number
}

async function replace(
  context: SweepContext,
  { finding, before, from, at }: Replacing,
  { piecewiseBytes, spent, mayGoOn, signal }: RepairOptions,
): Promise<{ aside?: string | undefined } | Ended | 'paused'> {
  const [source, target] = [context.places[from]!, context.places[at]!]
  const there = before.copies[at]?.info
  const size = before.copies[from]?.info?.size
  const to = target.store.reserved()
  // A small one is brought over in a moment, and must not be left for want of it.
  const inParts = Math.max(size ?? 0, there?.size ?? 0) > piecewiseBytes
  const limits = { signal, ...(inParts && { mayGoOn: onceInAnyCase(mayGoOn) }) }
  try {
    const isKept = there && finding.kind !== 'metadata'
    const aside = isKept ? await putAside(to, there, finding.reason, limits) : undefined
    if (aside === null) return { outcome: 'moved' }
    await copyObject({
      ...{ from: source.store, to, size, ...limits },
      key: keyAt(source, finding.key),
      toKey: keyAt(target, finding.key),
      mode: there ? { ifMatch: there.etag } : 'create',
      own: ownMark(context, source.store, target.store),
    })
    spent[from]!.gets++
    spent[from]!.bytes += size ?? 0
    return aside === undefined ? {} : { aside }
  } catch (error) {
    if (error instanceof CopyPaused) return 'paused'
    if (!isStorageError(error)) throw error
    if (inParts && error.retry !== 'never') throw error
    const moved = error.kind === 'precondition' || error.kind === 'exists'
    return moved ? { outcome: 'moved' } : { outcome: 'failed', reason: error.message }
  }
}

/** So that whoever comes again gets on, however little time there is. */
function onceInAnyCase(mayGoOn: () => boolean): () => boolean {
  let isFirst = true
  return () => {
    const goesOn = isFirst || mayGoOn()
    isFirst = false
    return goesOn
  }
}

/** It stays a copy of the version that it was one of; the primary, mended, is its own old version. */
function ownMark({ marks }: SweepContext, from: Store, to: Store) {
  if (!marks) return undefined
  return (source: ObjectInfo): Record<string, string> => {
    try {
      return { [SOURCE_MARK]: sealMark(marks, to.name, source, originOf(marks, from.name, source)) }
    } catch (error) {
      // Without the suite's secret nothing is marked, and nothing is replicated either.
      if (isStorageError(error, 'unavailable')) return {}
      throw error
    }
  }
}
