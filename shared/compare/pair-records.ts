// What is recorded of two stores, for every key in order: sorted segments under `.skein/pairs/`, and a manifest
// that names those that count. New segments are written beside the old ones and come to count at once, when the
// manifest is swapped: whoever is killed before leaves the old ones whole. A range of keys may be replaced by
// itself, so that several can work on one pair, and one that was interrupted has kept what it had found out.

import { randomBytes } from 'node:crypto'
import { canCompareAndSet, createLedger } from '#shared/jobs/ledger.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { JoinOrder } from './listing.ts'
import type { PairRecord } from './pair.ts'
import type { SegmentWriter } from './segments.ts'
import { readSegment, startSegment } from './segments.ts'
import type { Bounds, Segment } from './splicing.ts'
import { isWithin, splice } from './splicing.ts'

interface Manifest {
  v: 1
  segments: Segment[]
}

export interface PairRecords {
  /** In the order of the join. Fails when a segment is gone: somebody else has replaced it meanwhile. */
  read(options?: { bounds?: Bounds; signal?: AbortSignal }): AsyncGenerator<PairRecord[]>
  /** Replaces what is recorded of the keys within the bounds. */
  write(bounds?: Bounds): PairWriter
}

export interface PairWriter {
  /** In the order of the join. */
  add(record: PairRecord): Promise<void>
  /**
   * Makes all that was added count, for the keys up to this one: a run that is killed has that much less to do.
   * Absent: to the end of the bounds.
   */
  commit(upTo?: string): Promise<void>
  /** A segment's worth has been added since the last commit. */
  readonly isFull: boolean
}

/** Some 2 MB when gzipped: held until it is written, once for each pair. */
const SEGMENT_CHARACTERS = 8 * 2 ** 20
const DAY = 86_400_000

/** `name` tells the pair from others: `<from>~<to>`. Any store will do; one without conditional writes keeps the last word. */
export function openPairRecords(
  store: Store,
  name: string,
  order: JoinOrder,
  { now = Date.now, segmentCharacters = SEGMENT_CHARACTERS } = {},
): PairRecords {
  const ledger = createLedger(store)
  const folder = `pairs/${name}/`
  const manifestName = `${folder}manifest`

  async function swap(bounds: Bounds, written: readonly Segment[]): Promise<void> {
    let dropped: string[] = []
    const next = (found: Manifest | undefined): Manifest => {
      const before = found?.segments ?? []
      const segments = splice(before, bounds, written, order.compare)
      const kept = new Set(segments.map((one) => one.name))
      dropped = [...new Set(before.map((one) => one.name))].filter((one) => !kept.has(one))
      return { v: 1, segments }
    }
    if (canCompareAndSet(ledger.store)) await ledger.change(manifestName, next)
    else await ledger.write(manifestName, next(await ledger.read(manifestName)))
    if (dropped.length > 0) await ledger.remove(...dropped)
  }

  /** What killed runs have left behind. */
  async function sweep(): Promise<void> {
    const { segments = [] } = (await ledger.read<Manifest>(manifestName)) ?? {}
    const counting = new Set([manifestName, ...segments.map((one) => one.name)])
    const { entries } = await ledger.list(folder)
    const old = entries.filter(({ name: one, written }) => {
      return !counting.has(one) && written.getTime() < now() - DAY
    })
    if (old.length > 0) await ledger.remove(...old.map((one) => one.name))
  }

  return {
    async *read({ bounds = {}, signal } = {}) {
      const manifest = await ledger.read<Manifest>(manifestName)
      for (const segment of manifest?.segments ?? []) {
        if (isApart(segment, bounds)) continue
        for await (const records of readSegment(ledger.store, segment.name, signal)) {
          const wanted = records.filter(
            ({ key }) =>
              isWithin(key, segment.slice, order.compare) && isWithin(key, bounds, order.compare),
          )
          if (wanted.length > 0) yield wanted
        }
      }
    },
    write: (bounds = {}) => createWriter(bounds),
  }

  function isApart({ first, last }: Segment, { after, upTo }: Bounds): boolean {
    if (after !== undefined && order.compare(last, after) <= 0) return true
    return upTo !== undefined && order.compare(first, upTo) > 0
  }

  function createWriter({ after, upTo: end }: Bounds): PairWriter {
    let done = after
    let segments: Segment[] = []
    let current: { writer: SegmentWriter; segment: Segment } | undefined
    const endSegment = async () => {
      if (!current) return
      await current.writer.end()
      segments.push(current.segment)
      current = undefined
    }
    return {
      get isFull() {
        return segments.length > 0
      },
      async add(record) {
        const { key } = record
        if (!current) {
          const own = `${folder}${randomBytes(9).toString('base64url')}.gz`
          const segment = { name: own, first: key, last: key, records: 0, slice: {} }
          current = { writer: startSegment(ledger.store, own), segment }
        }
        current.segment.last = key
        current.segment.records++
        await current.writer.add(record)
        if (current.writer.length >= segmentCharacters) await endSegment()
      },
      async commit(upTo) {
        await endSegment()
        await swap({ after: done, upTo: upTo ?? end }, segments)
        segments = []
        done = upTo
        if (upTo === undefined) await sweep()
      },
    }
  }
}

/** For records that are a help and never needed: where they cannot be read any further, there are no more. */
export async function* asFarAsReadable(
  records: AsyncIterable<PairRecord[]>,
  onProblem: (error: unknown) => void,
): AsyncGenerator<PairRecord[]> {
  try {
    yield* records
  } catch (error) {
    if (!isStorageError(error) && !(error instanceof SyntaxError || error instanceof TypeError)) {
      throw error
    }
    onProblem(error)
  }
}
