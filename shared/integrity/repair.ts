// One wrong copy made right: from a store whose copy is proven, never from one that is merely newer or longer. The
// finding is looked at anew first, with all bytes read; what lies there is kept aside; the write holds only while it
// still is what was judged, so that whoever overwrites it meanwhile wins; and what was written is read back.

import { createHash } from 'node:crypto'
import { keepAside } from '#shared/copy/aside.ts'
import { copyObject } from '#shared/copy/copy.ts'
import { SOURCE_MARK, originOf, sealMark } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import type { Examined } from './examine.ts'
import { examine } from './examine.ts'
import type { Finding } from './findings.ts'
import { MENDABLE } from './findings.ts'
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

export interface RepairOptions {
  mayTouchPrimary: boolean
  signal: AbortSignal
}

export async function mend(
  context: SweepContext,
  { finding, records }: Found,
  options: RepairOptions,
): Promise<Repair> {
  const { key, store, kind } = finding
  const told = { key, store, kind }
  const at = context.places.findIndex((place) => place.store.name === store)
  if (!MENDABLE.has(kind) || at < 0)
    return { ...told, outcome: 'left', reason: 'Only a person can decide it.' }
  if (at === 0 && !options.mayTouchPrimary) {
    return {
      ...told,
      outcome: 'left',
      reason: 'The primary is mended only where that is asked for.',
    }
  }
  const subject = { key, listed: [], records }
  const look = () => examineAll(context, subject, options.signal)
  const before = await look()
  if (before.pending) return { ...told, outcome: 'moved' }
  const stands = before.findings.find((one) => one.store === store && MENDABLE.has(one.kind))
  if (!stands) return { ...told, outcome: 'gone' }
  const from = sourceOf(context, stands, at)
  if (from === undefined)
    return { ...told, outcome: 'left', reason: 'No other copy is proven to be right.' }
  const done = await replace(context, { finding: stands, before, from, at }, options)
  if ('outcome' in done) return { ...told, ...done }
  const after = await look()
  const still = after.findings.find((one) => one.store === store && one.kind !== 'metadata')
  if (still) return { ...told, ...done, outcome: 'failed', reason: still.reason }
  return { ...told, ...done, outcome: 'mended', from: context.places[from]!.store.name }
}

type Subject = Parameters<typeof examine>[1]

function examineAll(
  context: SweepContext,
  subject: Subject,
  signal: AbortSignal,
): Promise<Examined> {
  const reads = new Set(context.places.keys())
  return examine(context, subject, { reads, settleSeconds: 0, signal })
}

/** The primary where its copy is right, else the first that is. */
function sourceOf(
  { places }: SweepContext,
  { right = [] }: Finding,
  at: number,
): number | undefined {
  const found = places.findIndex((place, index) => index !== at && right.includes(place.store.name))
  return found < 0 ? undefined : found
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
  { signal }: RepairOptions,
): Promise<{ aside?: string | undefined } | { outcome: 'moved' | 'failed'; reason?: string }> {
  const [source, target] = [context.places[from]!, context.places[at]!]
  const there = before.copies[at]?.info
  const to = target.store.reserved()
  try {
    const aside =
      there && finding.kind !== 'metadata' ? await putAside(to, there, finding) : undefined
    if (aside === null) return { outcome: 'moved' }
    await copyObject({
      ...{ from: source.store, to, signal },
      key: keyAt(source, finding.key),
      toKey: keyAt(target, finding.key),
      mode: there ? { ifMatch: there.etag } : 'create',
      size: before.copies[from]?.info?.size,
      own: ownMark(context, source.store, target.store),
    })
    return aside === undefined ? {} : { aside }
  } catch (error) {
    if (!isStorageError(error)) throw error
    const moved = error.kind === 'precondition' || error.kind === 'exists'
    return moved ? { outcome: 'moved' } : { outcome: 'failed', reason: error.message }
  }
}

/** Null when it is not there any more. */
async function putAside(to: Store, there: ObjectInfo, { reason }: Finding): Promise<string | null> {
  const text = JSON.stringify([to.name, there.key, there.etag, there.modified.getTime()])
  const id = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return (await keepAside(to, there, { why: 'repair', id, key: there.key, reason })) ?? null
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
