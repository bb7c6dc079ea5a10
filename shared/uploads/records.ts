// How an upload ended, one small object each: accepted, or aborted. The first record stands, so that
// completions, events and sweeps that meet all give one answer. Records lie by the day after which nobody can ask
// for them, so that a sweep need not read them.

import type { CompletedObject } from '#shared/client/protocol.ts'
import { absentAlone, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Upload } from './ticket.ts'

export const RECORDS_PREFIX = `${RESERVED_PREFIX}uploads/`
const DAY_MS = 86_400_000
/** The id is good for one day after the term; one more for clocks and days that begin elsewhere. */
const KEPT_MS = 2 * DAY_MS

export type UploadRecord = { accepted: CompletedObject } | { aborted: string }

type Named = Pick<Upload, 'nonce' | 'expires'>

export interface Records {
  store: Store
  find(upload: Named): Promise<UploadRecord | undefined>
  /** By the name alone, of whose upload nothing else is known. */
  findNamed(name: string): Promise<UploadRecord | undefined>
  /** Keeps the first record there is, and gives it back. */
  settle(upload: Named, record: UploadRecord): Promise<{ record: UploadRecord; first: boolean }>
}

/** Workspaces may keep their records in one store, and none opens another's. */
export function createRecords(store: Store, workspace: string): Records {
  const keyOf = (name: string) => `${RECORDS_PREFIX}${name}.${workspace}`
  const find = (upload: Named) => findNamed(recordName(upload))

  async function findNamed(name: string): Promise<UploadRecord | undefined> {
    if (!NAME.test(name)) return undefined
    const found = await store.get(keyOf(name)).catch(absentAlone)
    return found && (JSON.parse(await new Response(found.body).text()) as UploadRecord)
  }

  return {
    store,
    find,
    findNamed,
    async settle(upload, record) {
      const text = JSON.stringify(record)
      // A store without conditional writes keeps the first record but for two that come in one moment.
      const mode = store.capabilities.put.create ? 'create' : 'overwrite'
      const earlier = mode === 'overwrite' ? await find(upload) : undefined
      if (earlier) return { record: earlier, first: false }
      try {
        const key = keyOf(recordName(upload))
        await store.put(key, text, { mode, contentType: 'application/json' })
        return { record, first: true }
      } catch (error) {
        // An answer that was lost may have been ours: then what is there reads the same.
        const unsure = isStorageError(error) && error.ambiguous
        if (!unsure && !isStorageError(error, 'exists')) throw error
        const there = await find(upload)
        if (there === undefined) throw error
        return { record: there, first: unsure && JSON.stringify(there) === text }
      }
    },
  }
}

const NAME = /^\d{4}-\d\d-\d\d\/[\w-]+$/

export function recordName({ nonce, expires }: Named): string {
  return `${dayOf(expires + KEPT_MS)}/${nonce}`
}

/** Whether a record of it may have been swept: then that there is none says nothing. */
export function isForgotten({ expires }: Named, now: number): boolean {
  return dayOf(expires + KEPT_MS) < dayOf(now)
}

/** Records that lie before this key are of no use any more. */
export function firstUseful(now: number): string {
  return `${RECORDS_PREFIX}${dayOf(now)}/`
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}
