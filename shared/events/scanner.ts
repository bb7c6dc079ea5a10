// For providers that tell nothing: what has changed since the last time is found by listing the store and
// comparing with what was seen then. One step looks at so many keys, keeps what it saw, and only then tells of
// the changes, so that whatever dies on the way, the step is done again and tells them again. Two scans of one
// store at a time cost work and change nothing.

import { randomUUID } from 'node:crypto'
import * as z from '#shared/shape/shape.ts'
import type { Task } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Told } from './changes.ts'
import { changeTask } from './changes.ts'
import type { Seen, Segment, Snapshot } from './snapshot.ts'
import { openSnapshot } from './snapshot.ts'

/** Where the next step goes on. */
export const scanCursor = z.strictObject({
  pass: z.string().check(z.regex(/^[\w-]{1,60}$/)),
  /** The pass to compare with, as it was when this one began. */
  since: z.optional(z.strictObject({ pass: z.string(), segments: z.int(), etag: z.string() })),
  after: z.string(),
  /** The next segment to write, and the first of the others that may hold more. */
  segment: z.int(),
  old: z.int(),
  /** All is seen, and what earlier passes left is to go. */
  cleaning: z.optional(z.boolean()),
})

export type ScanCursor = z.infer<typeof scanCursor>

export interface Change {
  key: string
  told: Told
}

export interface ScanStep {
  changes: Change[]
  /** Absent when the scan has come to its end, or another one is at work. */
  cursor?: ScanCursor | undefined
}

export interface Scan {
  store: Store
  /** Where the snapshot is kept: a store that may hold `.skein/`. */
  records: Store
  now: () => number
  /** Keys that one step looks at. */
  keysAtOnce?: number | undefined
}

/** The tasks of one step: what has changed, and the next step. Throws `invalid` for a cursor that is none. */
export async function scanTasks(scan: Scan, cursor: unknown): Promise<Task[]> {
  const parsed = z.safeParse(z.optional(scanCursor), cursor)
  const store = scan.store.name
  if (!parsed.success) {
    throw new StorageError('invalid', 'A task "scan-store" has no right cursor.', { store })
  }
  const step = await scanStep(scan, parsed.data)
  const changed = step.changes.map(({ key, told }) => changeTask(store, key, told))
  return step.cursor ? [...changed, scanTask(store, step.cursor)] : changed
}

export function scanTask(store: string, cursor?: ScanCursor): Task {
  return { v: 1, kind: 'scan-store', store, ...(cursor && { cursor }) }
}

const KEYS_AT_ONCE = 1000
/** A step whose neighbours have so many fewer keys than it had reads at most so many of theirs. */
const OLD_AT_ONCE = 2
const LOOKS_AT_ONCE = 8
/** No step takes as long: a scan that has not moved since is dead. */
const TURN_MS = 900_000

export async function scanStep(scan: Scan, cursor?: ScanCursor): Promise<ScanStep> {
  const snapshot = openSnapshot(scan.records, scan.store.name)
  const at = cursor ?? (await begin(snapshot, scan.now()))
  if (at === undefined) return { changes: [] }
  if (at.cleaning) {
    return { changes: [], cursor: (await snapshot.clean(at.pass)) ? at : undefined }
  }
  await snapshot.takeTurn(at.pass, scan.now())
  const old = await readOld(snapshot, at)
  if (old === undefined) return { changes: [] }
  const look = await listSome(scan, at.after)
  const seen = await snapshot.keep(at.pass, at.segment, cut(look, old, orderOf(scan.store)))
  const changes = await compare(scan.store, at, seen, within(old.entries, seen, at, scan.store))
  return { changes, cursor: await proceed(snapshot, at, seen, old, scan.store) }
}

/** Undefined while another scan of this store is at work. */
async function begin(snapshot: Snapshot, now: number): Promise<ScanCursor | undefined> {
  const [since, turn] = await Promise.all([snapshot.head(), snapshot.turn()])
  const busy = turn !== undefined && turn.pass !== since?.pass && now - turn.at < TURN_MS
  return busy ? undefined : { pass: randomUUID(), since, after: '', segment: 0, old: 0 }
}

interface Old {
  entries: Seen[]
  segments: Segment[]
  /** What lies behind is in segments that were not read. */
  until: string | undefined
}

/** Undefined where a quicker scan has replaced what there was. */
async function readOld(snapshot: Snapshot, { since, old }: ScanCursor): Promise<Old | undefined> {
  if (since === undefined) return { entries: [], segments: [], until: undefined }
  const segments: Segment[] = []
  const end = Math.min(since.segments, old + OLD_AT_ONCE)
  for (let index = old; index < end; index++) {
    const segment = await snapshot.segment(since.pass, index)
    if (segment === undefined) return undefined
    segments.push(segment)
  }
  const entries = segments.flatMap((segment) => segment.entries)
  return { entries, segments, until: end < since.segments ? segments.at(-1)?.until : undefined }
}

/** In the order of the listing; `until` is absent where it has come to its end. */
async function listSome(scan: Scan, after: string): Promise<Segment> {
  const { store, keysAtOnce: limit = KEYS_AT_ONCE } = scan
  const entries: Seen[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ after, cursor, limit: limit - entries.length })
    entries.push(...page.objects.map(seenOf))
    cursor = page.cursor
  } while (cursor !== undefined && entries.length < limit)
  return { entries, until: cursor === undefined ? undefined : entries.at(-1)?.key }
}

function seenOf({ key, etag, size }: ListedObject): Seen {
  return { key, etag, size }
}

/** No further than where the segments end that it is compared with. */
function cut(look: Segment, { until }: Old, order: Order): Segment {
  if (until === undefined || (look.until !== undefined && order(look.until, until) <= 0))
    return look
  return { until, entries: look.entries.filter(({ key }) => order(key, until) <= 0) }
}

/** What was seen of the keys that this segment speaks for. */
function within(entries: readonly Seen[], { until }: Segment, { after }: ScanCursor, store: Store) {
  const order = orderOf(store)
  return entries.filter(
    ({ key }) => order(key, after) > 0 && (until === undefined || order(key, until) <= 0),
  )
}

async function compare(
  store: Store,
  { pass }: ScanCursor,
  { entries }: Segment,
  old: readonly Seen[],
): Promise<Change[]> {
  const before = new Map(old.map((one) => [one.key, one]))
  const present = new Set(entries.map(({ key }) => key))
  const changed = entries.filter(({ key, etag }) => before.get(key)?.etag !== etag)
  const absent = await lookAgain(
    store,
    old.filter(({ key }) => !present.has(key)),
  )
  return [
    ...[...changed, ...absent.changed].map((seen) => changeOf('created', seen, pass)),
    ...absent.missing.map((seen) => changeOf('missing', seen, pass)),
  ]
}

function changeOf(type: 'created' | 'missing', { key, etag, size }: Seen, pass: string): Change {
  const id = `scan:${pass}:${type}:${key}:${etag}`
  return { key, told: { type, id, by: 'scan', ...(type === 'created' && { etag, size }) } }
}

/** A listing may be old, and its order may not be that of the keys: what it lacks is asked for by name. */
async function lookAgain(store: Store, absent: readonly Seen[]) {
  const changed: Seen[] = []
  const missing: Seen[] = []
  for (let first = 0; first < absent.length; first += LOOKS_AT_ONCE) {
    const some = absent.slice(first, first + LOOKS_AT_ONCE)
    const found = await Promise.all(some.map(({ key }) => store.find(key)))
    for (const [index, info] of found.entries()) {
      const seen = some[index]!
      if (info === undefined) missing.push(seen)
      else if (info.etag !== seen.etag) changed.push(seenOf(info))
    }
  }
  return { changed, missing }
}

async function proceed(
  snapshot: Snapshot,
  at: ScanCursor,
  { until }: Segment,
  old: Old,
  store: Store,
): Promise<ScanCursor | undefined> {
  const segment = at.segment + 1
  if (until === undefined) {
    const first = await snapshot.commit(at.pass, segment, at.since?.etag)
    return first ? { ...at, segment, cleaning: true } : undefined
  }
  const order = orderOf(store)
  const done = old.segments.filter((one) => one.until !== undefined && order(one.until, until) <= 0)
  return { ...at, after: until, segment, old: at.old + done.length }
}

type Order = (a: string, b: string) => number

function orderOf({ capabilities }: Store): Order {
  return capabilities.list.order === 'utf8' ? compareUtf8 : (a, b) => (a < b ? -1 : Number(a > b))
}
