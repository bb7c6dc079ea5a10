// One place made like another. Both are listed side by side with what is recorded of them: what is recorded as the
// same costs no request; what is new or changed is copied; what nobody knows is compared first. One object's
// failure is told and does not stop the others.

import { createHash } from 'node:crypto'
import { compareObjects } from '#shared/compare/evidence.ts'
import { joinByKey } from '#shared/compare/join.ts'
import type { Place } from '#shared/compare/listing.ts'
import { joinOrder, listInOrder } from '#shared/compare/listing.ts'
import type { Pair, PairRecord, PairState } from '#shared/compare/pair.ts'
import { classify } from '#shared/compare/pair.ts'
import { asFarAsReadable, openPairRecords } from '#shared/compare/pair-records.ts'
import { heldMode } from '#shared/copy/condition.ts'
import { copyObject } from '#shared/copy/copy.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Extras } from './extras.ts'
import { createExtras } from './extras.ts'
import { knownByComparing, knownByCopying } from './known.ts'
import { createLanes } from './lanes.ts'
import type { Known } from './recorder.ts'
import { createRecorder } from './recorder.ts'
import type { SyncJob, SyncRun } from './run.ts'
import { selects } from './selection.ts'
import type { Tally, Watch } from './tally.ts'
import { newTally } from './tally.ts'

/** Objects that may wait for each lane: they keep it busy, and few enough are let go of before they are old to the heap. */
const BACKLOG_A_LANE = 4

export async function sync(job: SyncJob, watch: Watch): Promise<Tally> {
  const stop = new AbortController()
  const run: SyncRun = {
    job,
    tally: newTally(),
    watch,
    transfers: createLanes(job.transfers, job.transfers * BACKLOG_A_LANE),
    checkers: createLanes(job.checkers, job.checkers * BACKLOG_A_LANE),
    stop,
    signal: AbortSignal.any([job.signal, stop.signal]),
  }
  const extras = createExtras(run)
  await walk(run, extras)
  job.signal.throwIfAborted()
  await extras.end()
  return run.tally
}

async function walk(run: SyncRun, extras: Extras): Promise<void> {
  const { job, watch, signal } = run
  const order = joinOrder([job.from, job.to])
  const records = job.records && openPairRecords(job.records, pairName(job), order)
  const forget = (error: unknown) => watch.remark(`What was recorded cannot be read: ${say(error)}`)
  const known = records ? asFarAsReadable(records.read({ signal }), forget) : none()
  const unkept = (error: unknown) => {
    watch.remark(`What was found out cannot be recorded: ${say(error)}`)
  }
  const kept = job.dryRun ? undefined : records
  const recorder = createRecorder(kept, order.compare, unkept, { now: job.now })
  const lists = [job.from, job.to].map((place) => listInOrder(place, order, { signal }))
  const streams = [lists[0]!, lists[1]!, known] as const
  let isWhole = false
  try {
    type Sides = [ListedObject, ListedObject, PairRecord]
    for await (const rows of joinByKey<Sides>([...streams], order.compare)) {
      for (const { key, at } of rows) {
        const [from, to, record] = at
        if (!from && !to) recorder.add(key, record, undefined)
        else recorder.add(key, record, handle(run, extras, key, { from, to, record }))
        const room = recorder.room() ?? run.transfers.room() ?? run.checkers.room()
        if (room) await room
      }
      signal.throwIfAborted()
      watch.progress(run.tally)
    }
    isWhole = true
  } catch (error) {
    run.stop.abort(error)
    throw error
  } finally {
    await recorder.end(isWhole)
  }
}

async function* none(): AsyncGenerator<never[]> {}

/** By what the two sides are, wherever the run is started from. */
function pairName({ from, to }: SyncJob): string {
  return `${placeName(from)}~${placeName(to)}`
}

function placeName({ store, base }: Place): string {
  const place = [store.home ?? store.row.id, store.bucket, store.prefix + base]
  return createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 16)
}

/** What is known of the pair afterwards. Never fails. */
function handle(run: SyncRun, extras: Extras, key: string, pair: Pair): Known | Promise<Known> {
  const { job, tally } = run
  const { from, to, record } = pair
  const isSelected = selects(job.selection, (from ?? to)!)
  const state = classify(pair)
  extras.saw(pair, isSelected)
  if (!isSelected) {
    tally.skipped++
    return from && to ? record : undefined
  }
  if (!from) return undefined
  if (state === 'same') {
    tally.same++
    return record
  }
  const mayBeSame = state === 'unknown' || state === 'changed-destination'
  const work =
    to && mayBeSame && from.size === to.size
      ? compareThenCopy(run, from, to, state)
      : copyOver(run, from, to, state)
  return work.catch((error: unknown) => {
    fail(run, key, error)
    // It still tells which of the two has changed.
    return record
  })
}

function fail({ tally, watch, signal }: SyncRun, key: string, error: unknown): void {
  // What was given up with the run is no failure of its own.
  if (signal.aborted) return
  tally.failed++
  watch.problem({ key, problem: say(error) })
}

async function compareThenCopy(
  run: SyncRun,
  from: ListedObject,
  to: ListedObject,
  state: PairState,
): Promise<Known> {
  const { job, tally, signal } = run
  const at = (place: Place, seen: ListedObject) => {
    return { store: place.store, key: place.base + seen.key, seen }
  }
  const found = await run.checkers.run(() =>
    compareObjects(at(job.from, from), at(job.to, to), { read: 'one', signal }),
  )
  if (!found.same) return copyOver(run, from, to, state)
  tally.compared++
  return knownByComparing(from, to, found, job.now())
}

async function copyOver(
  run: SyncRun,
  from: ListedObject,
  to: ListedObject | undefined,
  why: PairState,
): Promise<Known> {
  const { job, tally, watch, signal } = run
  const { key, size } = from
  tally.planned++
  tally.plannedBytes += size
  if (job.dryRun) {
    watch.did({ what: 'copy', key, bytes: size, why })
    return undefined
  }
  let moved = 0
  const onProgress = (bytes: number) => {
    tally.movedBytes += bytes - moved
    moved = bytes
    watch.progress(tally)
  }
  const copied = await run.transfers.run(() =>
    copyObject({
      from: job.from.store,
      to: job.to.store,
      key: job.from.base + key,
      toKey: job.to.base + key,
      // The listing was the look: a store that cannot hold a write to it is not asked again.
      mode: heldMode(to ? { ifMatch: to.etag } : 'create', job.to.store.capabilities.put),
      size,
      through: job.through,
      onProgress,
      signal,
    }),
  )
  tally.copied++
  tally.copiedBytes += copied.source.size
  tally.resumedBytes += copied.resumedBytes
  watch.did({ what: 'copy', key, bytes: copied.source.size, why })
  for (const { what, reason } of copied.losses) {
    watch.remark(`${key}: ${what} was left out: ${reason}.`)
  }
  return knownByCopying(copied, from, job.now())
}

function say(error: unknown): string {
  if (isStorageError(error)) return error.message
  return error instanceof Error ? error.message : String(error)
}
