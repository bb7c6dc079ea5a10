// Through a recommendation's prefix, batch by batch: what is still as the advice found it is noted, and in the next
// step changed, so that whatever dies in between, all that was changed can be undone, and its price has been
// counted. What is not as it was is passed over. Ends where what may be spent has been.

import type { ListedObject } from '#shared/client/protocol.ts'
import type { Part, Step } from '#shared/jobs/job.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import { ageStep, sizeStep } from '../buckets.ts'
import { ONLY_CLASS } from '../places.ts'
import type { ApplyPart } from './plan.ts'
import { isOfAge } from './plan.ts'
import type { Changed } from './undo.ts'

type OneStep = ApplyPart['steps'][number]

/** What has been noted and is to be changed, and where the listing goes on; without `next` it is through. */
export interface WalkCursor {
  noted: [key: string, bytes: number][]
  next?: string | undefined
}

export interface Walk {
  workspace: string
  stores: readonly Store[]
  now: number
  of: ApplyPart
  part: Pick<Part<ApplyPart, WalkCursor>, 'cursor' | 'tally' | 'note' | 'mayGoOn' | 'signal'>
  owner: (key: string) => string
  /** False where the object is not as it was any more. */
  change: (key: string, step: OneStep) => Promise<boolean>
}

const DAY_MILLISECONDS = 86_400_000
const PAGE = 100
const BATCH = 200

export async function walkStep(walk: Walk): Promise<Step<WalkCursor>> {
  const { cursor } = walk.part
  const tally: Record<string, number> = {}
  const count = (what: string, by = 1): void => void (tally[what] = (tally[what] ?? 0) + by)
  const left = cursor ? await changeNoted(walk, cursor.noted, count) : []
  if (left.length > 0) return { tally, cursor: { ...cursor, noted: left } }
  if (cursor && cursor.next === undefined) return { tally }
  const next = await noteBatch(walk, cursor?.next, count)
  return next.noted.length === 0 && next.next === undefined ? { tally } : { tally, cursor: next }
}

type Count = (what: string, by?: number) => void

/** Those that there was no time for. */
async function changeNoted(
  walk: Walk,
  noted: WalkCursor['noted'],
  count: Count,
): Promise<WalkCursor['noted']> {
  for (const [at, [key, bytes]] of noted.entries()) {
    if (!walk.part.mayGoOn()) return noted.slice(at)
    const came = await changeOne(walk, key)
    count(came)
    if (came === 'changed') count('bytes', bytes)
  }
  return []
}

/** What is refused for one object alone; a store that is away is all objects', and the step is tried again. */
const ITS_OWN: ReadonlySet<string> = new Set(['denied', 'invalid', 'too-large', 'unsupported'])

async function changeOne({ of, part, change }: Walk, key: string) {
  let any = false
  try {
    for (const step of of.steps) any = (await change(key, step)) || any
  } catch (error) {
    if (!isStorageError(error) || !ITS_OWN.has(error.kind)) throw error
    part.note('refused', { key, why: error.message })
    return 'refused'
  }
  return any ? 'changed' : 'passed-over'
}

/** What is noted counts as spent: should the step be done twice, it is not known which of it was. */
async function noteBatch(walk: Walk, from: string | undefined, count: Count): Promise<WalkCursor> {
  const { of, part } = walk
  const nanoEach = of.objects > 0 ? (of.onceUsd * 1e9) / of.objects : 0
  // The last one is not held back by what a sum of fractions is off.
  const most = of.maxUsd * 1e9 + nanoEach / 1000
  let spent = part.tally['nano'] ?? 0
  const noted: WalkCursor['noted'] = []
  let next = from
  do {
    const page = await listed(walk, next)
    for (const object of page.objects) {
      if (!isMeant(walk, object)) continue
      if (spent + nanoEach > most) {
        count('beyond-budget')
        return { noted }
      }
      spent += nanoEach
      count('nano', nanoEach)
      noted.push([object.key, object.size])
      note(walk, object.key)
    }
    next = page.cursor
  } while (next !== undefined && noted.length < BATCH && part.mayGoOn())
  return { noted, next }
}

function note({ of, part }: Walk, key: string): void {
  for (const { store, from, to } of of.steps)
    if (from !== null && to !== null)
      part.note('changed', { key, store, from, to } satisfies Changed)
}

function listed({ workspace: name, stores, of, part }: Walk, cursor: string | undefined) {
  const [primary, ...replicas] = stores
  const workspace = { name, primary: primary!, replicas, downloads: downloadRules() }
  const { prefix } = of
  const { signal } = part
  return listObjects(workspace, {
    ...{ stores: 'all', prefix, limit: PAGE, signal },
    ...(cursor !== undefined && { cursor }),
  })
}

function isMeant({ of, stores, now, owner }: Walk, object: ListedObject): boolean {
  const { key, size, modified, stores: copies = [] } = object
  if (owner(key) !== of.prefix || !of.sizes.includes(sizeStep(size))) return false
  const days = (now - Date.parse(modified)) / DAY_MILLISECONDS
  // A day or two have passed since: what has come into the next step is still meant.
  if (!isOfAge(of.ages, ageStep(Math.max(0, days))) && !isOfAge(of.ages, ageStep(days - 7)))
    return false
  return of.steps.every(({ store, from }) => {
    const at = stores.findIndex(({ name }) => name === store)
    const copy = copies[at]
    if (copy?.state !== 'present') return from === null && copy?.state === 'absent'
    const standard = stores[at]!.capabilities.classes[0] ?? ONLY_CLASS
    return (copy.storageClass ?? standard) === from
  })
}
