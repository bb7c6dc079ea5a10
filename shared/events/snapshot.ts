// What a scan has seen, kept in the ledger as segments in the order of the store's listing: each covers the keys
// behind `after` up to `until`, and a pass is complete when the head names it. A segment is written once and then
// stands, so a step that is done again, by whomever, goes on from what is written.

import { StorageError, absentAlone, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

export interface Seen {
  key: string
  etag: string
  size: number
}

export interface Segment {
  /** The last key that it speaks for; absent: all there are. */
  until?: string | undefined
  entries: readonly Seen[]
}

/** The last pass that came to its end. */
export interface Head {
  pass: string
  segments: number
  /** What a later pass replaces it by. */
  etag: string
}

export interface Snapshot {
  head(): Promise<Head | undefined>
  /** False where another pass was quicker. */
  commit(pass: string, segments: number, since: string | undefined): Promise<boolean>
  segment(pass: string, index: number): Promise<Segment | undefined>
  /** Gives back the one that stands: this, or the one that was there. */
  keep(pass: string, index: number, segment: Segment): Promise<Segment>
  /** The pass that was at work last, and when. */
  turn(): Promise<{ pass: string; at: number } | undefined>
  takeTurn(pass: string, at: number): Promise<void>
  /** One bounded step; true while there may be more of other passes to remove. */
  clean(pass: string): Promise<boolean>
}

const CLEANED_AT_ONCE = 1000

export function openSnapshot(records: Store, store: string): Snapshot {
  const folder = `${RESERVED_PREFIX}scans/${store}/`
  const HEAD = `${folder}head.json`
  const TURN = `${folder}turn.json`
  const folderOf = (pass: string): string => `${folder}${pass}/`
  const keyOf = (pass: string, index: number): string => `${folderOf(pass)}${index}.json`

  async function read(key: string): Promise<{ value: unknown; etag: string } | undefined> {
    const found = await records.get(key).catch(absentAlone)
    if (found === undefined) return undefined
    return { value: await new Response(found.body).json(), etag: found.info.etag }
  }

  // What is read was written here alone, under a prefix that nobody else may write.

  async function head(): Promise<Head | undefined> {
    const found = await read(HEAD)
    return found && { ...(found.value as Omit<Head, 'etag'>), etag: found.etag }
  }

  async function segmentAt(pass: string, index: number): Promise<Segment | undefined> {
    return (await read(keyOf(pass, index)))?.value as Segment | undefined
  }

  async function staleOf(pass: string, after?: string): Promise<string[]> {
    const page = await records.list({ prefix: folder, after, limit: CLEANED_AT_ONCE })
    const own = [HEAD, TURN]
    return page.objects
      .map(({ key }) => key)
      .filter((key) => !own.includes(key) && !key.startsWith(folderOf(pass)))
  }

  /** False where the condition did not hold; a store that knows none just writes. */
  async function write(key: string, value: object, since: string | undefined): Promise<boolean> {
    const { create, match } = records.capabilities.put
    const mode = since === undefined ? create && 'create' : match && { ifMatch: since }
    try {
      const options = { mode: mode || 'overwrite', contentType: 'application/json' } as const
      await records.put(key, JSON.stringify(value), options)
      return true
    } catch (error) {
      const lost = isStorageError(error) && ['exists', 'precondition'].includes(error.kind)
      if (lost || (isStorageError(error) && error.ambiguous)) return false
      throw error
    }
  }

  return {
    head,
    async commit(pass, segments, since) {
      if (await write(HEAD, { pass, segments }, since)) return true
      return (await head())?.pass === pass
    },
    segment: segmentAt,
    async keep(pass, index, segment) {
      const key = keyOf(pass, index)
      const earlier = records.capabilities.put.create ? undefined : await segmentAt(pass, index)
      if (earlier) return earlier
      if (await write(key, segment, undefined)) return segment
      const there = await segmentAt(pass, index)
      if (there) return there
      const message = `What a scan of ${store} has seen could not be kept in ${records.name}; it is tried again.`
      throw new StorageError('unavailable', message, { store: records.name, key })
    },
    turn: async () => (await read(TURN))?.value as { pass: string; at: number } | undefined,
    async takeTurn(pass, at) {
      await records.put(TURN, JSON.stringify({ pass, at }), { contentType: 'application/json' })
    },
    async clean(pass) {
      const first = await staleOf(pass)
      // The kept pass may fill the first page; behind it there are no keys of its own: `0` comes after `/`.
      const stale = first.length > 0 ? first : await staleOf(pass, `${folder}${pass}0`)
      for (const { error } of stale.length > 0 ? await records.delete(stale) : []) {
        if (error) throw error
      }
      return stale.length > 0
    },
  }
}
