// From what was told to tasks: one for each key of each store that a change is about, so that each has its own
// fate. Of several changes of one key the last is enough, where it is known which that is: the task looks at
// what is there now. Skein's own keys are none of anybody's, but for uploads that have landed.

import type { Task } from '#shared/platform.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Reading, StoreEvent } from './event.ts'
import { isEvent } from './event.ts'
import type { Place, Spot } from './places.ts'
import { spotsOf } from './places.ts'
import { compareSequence } from './sequence.ts'

/** What there is for changes to happen in. */
export interface Landscape {
  places: readonly Place[]
  workspaces: readonly { name: string; primary: string }[]
  /** Below `.skein/`: where uploads land that are not accepted yet. */
  stagingPrefix: string
}

export function tasksOf(
  readings: readonly Reading[],
  landscape: Landscape,
  placesOf: (event: StoreEvent) => readonly Place[],
): Task[] {
  const events = withoutSuperseded(readings.filter(isEvent).flatMap(splitRename))
  const tasks = events.flatMap((event) =>
    spotsOf(event, event.key, placesOf(event)).flatMap((spot) => tasksAt(spot, event, landscape)),
  )
  return withoutTwins(tasks)
}

function splitRename(event: StoreEvent): StoreEvent[] {
  if (event.type !== 'renamed') return [event]
  const { from, ...rest } = event
  const created: StoreEvent = { ...rest, type: 'created' }
  if (from === undefined) return [created]
  const { vendor, account, bucket, sequencer, at, by } = rest
  const id = `${rest.id}#from`
  return [
    { ...{ type: 'deleted', vendor, account, bucket, key: from, sequencer, at, by, id } },
    created,
  ]
}

/** A version that goes says nothing of the key, so it makes nothing else out of date. */
function withoutSuperseded(events: readonly StoreEvent[]): StoreEvent[] {
  const last = new Map<string, StoreEvent>()
  for (const event of events.filter(({ type }) => type !== 'version-deleted')) {
    const other = last.get(nameOf(event))
    if (!other || isBefore(other, event)) last.set(nameOf(event), event)
  }
  return events.filter((event) => {
    const newest = last.get(nameOf(event))
    return !newest || !isBefore(event, newest)
  })
}

function nameOf({ vendor, account, bucket, key }: StoreEvent): string {
  return [vendor, account, bucket, key].join('\n')
}

function isBefore(a: StoreEvent, b: StoreEvent): boolean {
  return (compareSequence(a, b) ?? 0) < 0
}

function tasksAt({ store, key }: Spot, event: StoreEvent, landscape: Landscape): Task[] {
  if (!key.startsWith(RESERVED_PREFIX)) return [changeTask(store, key, event)]
  if (event.type !== 'created' || !key.startsWith(landscape.stagingPrefix)) return []
  return landscape.workspaces
    .filter(({ primary }) => primary === store)
    .map(({ name }) => ({ v: 1, kind: 'upload-arrived', workspace: name, store, key }))
}

/** What a task carries of the event: everything but what the store says by itself. */
export type Told = Omit<StoreEvent, 'vendor' | 'account' | 'bucket' | 'key' | 'from'>

export function changeTask(store: string, key: string, told: Told): Task {
  const { type, version, etag, size, sequencer, at, id, by, source } = told
  const event = { type, version, etag, size, sequencer, at, id, by, source }
  return { v: 1, kind: 'object-changed', store, key, event }
}

function withoutTwins(tasks: readonly Task[]): Task[] {
  return [...new Map(tasks.map((task) => [JSON.stringify(task), task])).values()]
}
