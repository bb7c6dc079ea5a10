// Reads while the truth of a workspace has moved and not everything with it: what the truth lacks may lie in a store
// that was it before, and is served from there until it has been taken over. What was deleted meanwhile is not.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from './deadline.ts'
import type { DownloadContext } from './download-context.ts'
import type { Held } from './verified.ts'
import type { Workspace } from './workspace.ts'

/** Whether what that store holds of the key was deleted by somebody who meant it. `info` where that is known. */
export type IsDeleted = (store: string, key: string, info?: ObjectInfo) => Promise<boolean>

const DEADLINE_SECONDS = 5

export interface Late {
  held: Held[]
  because: string
}

/**
 * Undefined where the truth holds the key, or cannot be asked: then all is as always. Fails with `not-found` where
 * nobody holds it.
 */
export async function lookLate(
  { primary, late = [] }: Workspace,
  key: string,
  { circuits }: Pick<DownloadContext, 'circuits'>,
  { isDeleted, signal }: { isDeleted?: IsDeleted | undefined; signal?: AbortSignal | undefined },
): Promise<Late | undefined> {
  if (circuits.isOpen(primary.name)) return undefined
  if ((await find(primary, key, signal)) !== undefined) return undefined
  const asked = late.filter(({ name }) => !circuits.isOpen(name))
  const looks = await Promise.all(asked.map((store) => look(store, key, { isDeleted, signal })))
  const held = looks.flatMap((one) => (one === 'absent' || one === 'unknown' ? [] : [one]))
  const [first] = held
  if (first) return { held, because: servedFrom(first.store, primary) }
  if (asked.length < late.length || looks.includes('unknown')) return undefined
  const message = `${primary.name} does not hold ${quoteKey(key)}, nor does any store that was the primary before.`
  throw new StorageError('not-found', message, { store: primary.name, key })
}

function servedFrom({ name }: Store, { name: primary }: Store): string {
  return `${name}, which was the primary before, holds it, and ${primary} not yet`
}

/** `unknown` where it does not answer. */
async function find(
  store: Store,
  key: string,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo | 'unknown' | undefined> {
  try {
    const limit = { store: store.name, seconds: DEADLINE_SECONDS, signal }
    return await within(limit, (ended) => store.find(key, { signal: ended }))
  } catch (error) {
    // What is wrong with the key is wrong everywhere.
    if (!isStorageError(error) || error.kind === 'invalid') throw error
    return 'unknown'
  }
}

async function look(
  store: Store,
  key: string,
  { isDeleted, signal }: { isDeleted?: IsDeleted | undefined; signal?: AbortSignal | undefined },
): Promise<Held | 'absent' | 'unknown'> {
  const info = await find(store, key, signal)
  if (info === undefined) return 'absent'
  if (info === 'unknown') return 'unknown'
  if (await isDeleted?.(store.name, key, info)) return 'absent'
  return { store, info, current: false }
}
