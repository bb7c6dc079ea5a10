// What only the destination has, deleted when a run is asked to: after everything else has gone well, only if it
// is still what was listed, and not when it is suspiciously much.

import type { DeleteTarget, ListedObject } from '#shared/storage/contract.ts'
import { joinByKey } from '#shared/compare/join.ts'
import { joinOrder, listInOrder } from '#shared/compare/listing.ts'
import type { Pair } from '#shared/compare/pair.ts'
import type { SyncRun } from './run.ts'
import { selects } from './selection.ts'

/** Without another limit: the larger of so many and this share of what the destination has. */
const AT_MOST = 100
const AT_MOST_SHARE = 0.1
/** Beyond these the listings are read once more. */
const HELD = 50_000
const BATCH = 1000

export interface Extras {
  /** Of every key, selected or not. */
  saw(pair: Pair, isSelected: boolean): void
  /** Tells or deletes them, as the run is asked to. */
  end(): Promise<void>
}

interface Counts {
  atSource: number
  atTarget: number
  extra: number
}

export function createExtras(run: SyncRun): Extras {
  const { job, tally, watch } = run
  const held: ListedObject[] = []
  const counts: Counts = { atSource: 0, atTarget: 0, extra: 0 }
  return {
    saw({ from, to }, isSelected) {
      if (from) counts.atSource++
      if (to) counts.atTarget++
      if (from || !to || !isSelected) return
      counts.extra++
      if (held.length < HELD) held.push(to)
    },
    async end() {
      const objection = job.deletes && counts.extra > 0 ? whyNot(run, counts) : undefined
      if (!job.deletes || objection !== undefined) {
        tally.extra = counts.extra
        if (objection === undefined) return
        tally.notDeleted = counts.extra
        watch.problem({ key: undefined, problem: objection })
        return
      }
      for await (const batch of counts.extra > HELD ? listedAgain(run) : batchesOf(held)) {
        await deleteBatch(run, batch)
      }
    },
  }
}

/** Undefined: they may go. */
function whyNot({ job, tally }: SyncRun, counts: Counts): string | undefined {
  const { atSource, atTarget, extra } = counts
  const max = job.deletes?.max
  const most = max ?? Math.max(AT_MOST, Math.floor(atTarget * AT_MOST_SHARE))
  const objects = extra === 1 ? 'object' : `${extra} objects`
  const what = `Not deleted: the ${objects} that only ${job.to.store.name} has`
  if (tally.failed > 0) return `${what}, since not everything else went well.`
  if (extra > most) return `${what}: to delete more than ${most} takes --max-delete.`
  if (atSource === 0 && max === undefined) {
    return `${what}, since ${job.from.store.name} has nothing at all; if that is so, give --max-delete.`
  }
  return undefined
}

async function* batchesOf(objects: ListedObject[]): AsyncGenerator<ListedObject[]> {
  for (let first = 0; first < objects.length; first += BATCH) {
    yield objects.slice(first, first + BATCH)
  }
}

async function* listedAgain({ job, signal }: SyncRun): AsyncGenerator<ListedObject[]> {
  const places = [job.from, job.to] as const
  const order = joinOrder(places)
  const streams = places.map((place) => listInOrder(place, order, { signal }))
  for await (const rows of joinByKey(streams, order.compare)) {
    const extra = rows.flatMap(({ at: [from, to] }) => (to && !from ? to : []))
    yield* batchesOf(extra.filter((object) => selects(job.selection, object)))
  }
}

async function deleteBatch(
  { job, tally, watch, signal }: SyncRun,
  batch: readonly ListedObject[],
): Promise<void> {
  const { store, base } = job.to
  const { match } = store.capabilities.delete
  const targets: DeleteTarget[] = batch.map(({ key, etag }) => {
    return { key: base + key, ...(match && { ifMatch: etag }) }
  })
  const results = job.dryRun
    ? targets.map(({ key }) => ({ key, error: undefined }))
    : await store.delete(targets, { signal })
  for (const [index, { error }] of results.entries()) {
    const { key, size } = batch[index]!
    if (error) {
      tally.failed++
      watch.problem({ key, problem: error.message })
    } else {
      tally.deleted++
      watch.did({ what: 'delete', key, bytes: size, why: 'extra' })
    }
  }
  watch.progress(tally)
}
