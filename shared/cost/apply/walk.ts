// Through a recommendation's prefix, page by page: what is still as the advice found it is changed, and noted, so
// that it can be undone; what is not is passed over. Ends where what may be spent has been.

import type { ListedObject } from '#shared/client/protocol.ts'
import type { Part, Step } from '#shared/jobs/job.ts'
import type { Store } from '#shared/storage/store.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import { ageStep, sizeStep } from '../buckets.ts'
import { ONLY_CLASS } from '../places.ts'
import type { ApplyPart } from './plan.ts'
import { isOfAge } from './plan.ts'
import type { Changed } from './undo.ts'

type OneStep = ApplyPart['steps'][number]

export interface Walk {
  workspace: string
  stores: readonly Store[]
  now: number
  of: ApplyPart
  part: Part<ApplyPart, string>
  owner: (key: string) => string
  /** False where the object is not as it was any more. */
  change: (key: string, step: OneStep) => Promise<boolean>
}

const DAY_MILLISECONDS = 86_400_000
const PAGE = 100

export async function walkStep(walk: Walk): Promise<Step<string>> {
  const { of, part } = walk
  const { workspace: name, stores } = walk
  const [primary, ...replicas] = stores
  const workspace = { name, primary: primary!, replicas, downloads: downloadRules() }
  const tally: Record<string, number> = {}
  const count = (what: string, by = 1): void => void (tally[what] = (tally[what] ?? 0) + by)
  const nanoEach = of.objects > 0 ? (of.onceUsd * 1e9) / of.objects : 0
  let spent = part.tally['nano'] ?? 0
  let { cursor } = part
  do {
    const page = await listObjects(workspace, {
      ...{ stores: 'all', prefix: of.prefix, limit: PAGE, signal: part.signal },
      ...(cursor !== undefined && { cursor }),
    })
    for (const object of page.objects) {
      if (!isMeant(walk, object)) continue
      if (spent + nanoEach > of.maxUsd * 1e9) {
        count('beyond-budget')
        return { tally }
      }
      const changed = await changeOne(walk, object.key)
      if (!changed) {
        count('passed-over')
        continue
      }
      spent += nanoEach
      count('changed')
      count('bytes', object.size)
      count('nano', nanoEach)
    }
    ;({ cursor } = page)
  } while (cursor !== undefined && part.mayGoOn())
  return cursor === undefined ? { tally } : { tally, cursor }
}

/** One failed object does not hold up the others; a store that is away does, and the step is tried again. */
async function changeOne({ of, part, change }: Walk, key: string): Promise<boolean> {
  let any = false
  for (const step of of.steps) {
    if (!(await change(key, step))) continue
    any = true
    const { store, from, to } = step
    if (from !== null && to !== null)
      part.note('changed', { key, store, from, to } satisfies Changed)
  }
  return any
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
