// Small JSON records of Skein's own, kept as objects under `.skein/` in a store of the user's. Records that
// several may change at once are changed by compare-and-set, and one whose answer was lost is known by its
// nonce; the store must be able to write under conditions for that, and for nothing else here.

import { randomBytes } from 'node:crypto'
import type { PutMode } from '#shared/storage/contract.ts'
import { StorageError, absentAlone, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX, quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { textOfStream } from '#shared/wire/whole-stream.ts'

/** Names are relative to `.skein/`. What is read was written here: its type is the caller's to know. */
export interface Ledger {
  readonly store: Store
  read<T>(name: string): Promise<T | undefined>
  /** The last one stands: for records that only one writes, or whose writers all say the same. */
  write(name: string, value: unknown): Promise<void>
  /** Of a record that is not there, nothing. */
  remove(...names: string[]): Promise<void>
  /** In order of names. */
  list(
    prefix: string,
    options?: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ entries: LedgerEntry[]; cursor?: string | undefined }>
  /**
   * Compare-and-set: `next` is asked with what is there until its answer is kept, and gives that back. Refused with
   * `unsupported` by a store without conditional writes.
   */
  change<T>(name: string, next: (found: T | undefined) => T): Promise<T>
}

export interface LedgerEntry {
  name: string
  written: Date
}

interface Kept<T> {
  value: T
  nonce?: string
}

/** Of as many that change one record at once, one gets through each time. */
const CHANGE_ATTEMPTS = 20

export function createLedger(given: Store): Ledger {
  const store = given.reserved()
  const ledger: Ledger = {
    store,
    async read<T>(name: string) {
      return (await find<T>(store, name))?.value
    },
    async write(name, value) {
      await put(store, name, { value }, 'overwrite')
    },
    async remove(...names) {
      const results = await store.delete(names.map((name) => RESERVED_PREFIX + name))
      const failed = results.find(({ error }) => error)
      if (failed?.error) throw failed.error
    },
    async list(prefix, { limit, cursor } = {}) {
      const page = await store.list({
        prefix: RESERVED_PREFIX + prefix,
        cursor,
        ...(limit !== undefined && { limit }),
      })
      const entries = page.objects.map(({ key, modified }) => {
        return { name: key.slice(RESERVED_PREFIX.length), written: modified }
      })
      return { entries, cursor: page.cursor }
    },
    async change<T>(name: string, next: (found: T | undefined) => T) {
      if (!canCompareAndSet(store)) throw noConditions(store)
      for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
        const kept = await changeOnce(store, name, next)
        if (kept) return kept.value
      }
      throw contended(store, name)
    },
  }
  return ledger
}

export function canCompareAndSet({ capabilities: { put: can } }: Store): boolean {
  return can.create && can.match
}

/** Undefined when somebody else was quicker. */
async function changeOnce<T>(
  store: Store,
  name: string,
  next: (found: T | undefined) => T,
): Promise<Kept<T> | undefined> {
  const found = await find<T>(store, name)
  const kept: Kept<T> = { value: next(found?.value), nonce: randomBytes(12).toString('base64url') }
  try {
    await put(store, name, kept, found ? { ifMatch: found.etag } : 'create')
    return kept
  } catch (error) {
    if (!isStorageError(error)) throw error
    if (error.ambiguous) {
      const there = await find<T>(store, name)
      return there?.nonce === kept.nonce ? kept : undefined
    }
    if (error.kind === 'exists' || error.kind === 'precondition') return undefined
    throw error
  }
}

async function find<T>(
  store: Store,
  name: string,
): Promise<(Kept<T> & { etag: string }) | undefined> {
  const found = await store.get(RESERVED_PREFIX + name).catch(absentAlone)
  if (!found) return undefined
  const kept = JSON.parse(await textOfStream(found.body)) as Kept<T>
  return { ...kept, etag: found.info.etag }
}

async function put(store: Store, name: string, kept: Kept<unknown>, mode: PutMode): Promise<void> {
  const text = JSON.stringify(kept)
  await store.put(RESERVED_PREFIX + name, text, { mode, contentType: 'application/json' })
}

function noConditions({ name }: Store): StorageError {
  const message = `${name} has no conditional writes, so this state cannot be kept there; name another store as \`ledger\`.`
  return new StorageError('unsupported', message, { store: name })
}

function contended({ name: store }: Store, name: string): StorageError {
  const message = `The record ${quoteKey(name)} in ${store} is changed by too many at once; try again.`
  return new StorageError('unavailable', message, { store, retry: 'later' })
}
