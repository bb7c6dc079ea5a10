// What lies beside the objects: bytes that were refused or gave way, and uploads that nobody ended. It is nobody's
// fault that they are there, but they cost, and somebody may be missing them.

import type { UnfinishedUpload } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Finding } from './findings.ts'

/** Where `copy/aside.ts` keeps them. */
const ASIDE = ['quarantine', 'conflict', 'repair'] as const
/** Of each kind at each store; who has more has seen enough. */
const SHOWN = 100
/** Younger ones may still be at work. */
const UNFINISHED_MS = 2 * 86_400_000

export async function lookBeside(
  store: Store,
  now: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const why of ASIDE) {
    const prefix = `${RESERVED_PREFIX}${why}/`
    const page = await store.reserved().list({ prefix, limit: SHOWN, signal })
    for (const { key, size, modified } of page.objects) {
      const reason = `Kept aside since ${modified.toISOString()}; delete it when nobody misses it.`
      findings.push({ kind: 'quarantined', key, store: store.name, size, reason })
    }
  }
  return [...findings, ...(await unfinished(store, now, signal))]
}

async function unfinished(store: Store, now: number, signal: AbortSignal): Promise<Finding[]> {
  if (!store.capabilities.multipart?.listUploads) return []
  const listed = await listUploads(store, signal)
  if (typeof listed === 'string') {
    return [{ kind: 'unchecked', key: '', store: store.name, reason: listed }]
  }
  return listed
    .filter(({ begun }) => begun !== undefined && now - begun.getTime() > UNFINISHED_MS)
    .slice(0, SHOWN)
    .map(({ key, begun }) => {
      const reason = `Begun on ${begun!.toISOString()} and never ended; a lifecycle rule ends such uploads: skein setup.`
      return { kind: 'unfinished-upload', key, store: store.name, reason }
    })
}

/** Or why they cannot be known: a right that many do without is no reason to sweep nothing. */
async function listUploads(
  store: Store,
  signal: AbortSignal,
): Promise<readonly UnfinishedUpload[] | string> {
  try {
    return (await store.groups.multipart.listUploads({ signal })).uploads
  } catch (error) {
    if (!isStorageError(error) || error.retry !== 'never') throw error
    return error.message
  }
}
