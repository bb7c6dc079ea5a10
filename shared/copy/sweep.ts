// Copies in parts that nobody ended: their uploads are aborted and their records deleted, one bounded step at a
// time. Whoever comes back to one of them begins anew.

import { absentAlone } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { textOfStream } from '#shared/wire/whole-stream.ts'
import { COPIES_PREFIX, HEAD, parse } from './unfinished.ts'

const A_STEP = 500

export interface SweptCopies {
  dropped: number
  /** Absent when all have been looked at. */
  cursor?: string | undefined
}

/** Those begun before a moment that is longer ago than any copy takes; `store` may hold `.skein/`. */
export async function sweepCopies(
  store: Store,
  before: Date,
  { cursor, signal }: { cursor?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<SweptCopies> {
  const query = { prefix: COPIES_PREFIX, cursor, limit: A_STEP, signal }
  const page = await store.list(query)
  const old = page.objects.filter(
    ({ key, modified }) => key.endsWith(`/${HEAD}`) && modified < before,
  )
  for (const { key } of old) await drop(store, key, signal)
  return { dropped: old.length, cursor: page.cursor }
}

async function drop(store: Store, head: string, signal: AbortSignal | undefined): Promise<void> {
  const found = await store.get(head, { signal }).catch(absentAlone)
  const state = found && parse(await textOfStream(found.body))
  if (state) await store.groups.multipart.abort(state.toKey, state.uploadId, { signal })
  const folder = head.slice(0, -HEAD.length)
  const keys: string[] = []
  for await (const { key } of store.listAll({ prefix: folder, signal })) keys.push(key)
  // The head goes last: without it the rest would not be found again.
  await store.delete([...keys.filter((key) => key !== head), head], { signal })
}
