// What of an object the destination cannot hold, as far as its listing tells, and the way its bytes will take.

import { partBytes } from '#shared/copy/cut.ts'
import { sameHome } from '#shared/copy/pull.ts'
import type { Place } from '#shared/compare/listing.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import { isEscaped } from '#shared/storage/providers/azure/names.ts'

/** A sentence that is the same for all objects that it is said of. */
export interface Fit {
  refused?: string | undefined
  adjusted?: { what: string; does: string } | undefined
}

/** Classes whose objects are not to be read before a restore. */
const ARCHIVED = /^(GLACIER|DEEP_ARCHIVE|Archive)$/

export function fitOf(from: Place, to: Place, { key, size, storageClass }: ListedObject): Fit {
  const { store, base } = to
  const { capabilities, name } = store
  const full = store.prefix + base + key
  if (size > capabilities.maxObjectBytes) {
    return { refused: `${name} takes objects of ${capabilities.maxObjectBytes} bytes at most` }
  }
  const problem = keyProblem(full, capabilities.keys.maxBytes)
  if (problem) return { refused: `${name} cannot hold such a key` }
  if (storageClass !== undefined && ARCHIVED.test(storageClass)) {
    return {
      refused: `it is archived at ${from.store.name} (${storageClass}), to be restored first`,
    }
  }
  if (store.row.wire === 'azure' && isEscaped(full)) {
    return {
      adjusted: {
        what: `keys that ${name} cannot hold as they are`,
        does: 'are kept there under escaped names, and told by their own',
      },
    }
  }
  return {}
}

export interface Way {
  how: 'provider' | 'pull' | 'whole' | 'parts'
  /** Requests: at the destination, parts among them, and at the source. */
  puts: number
  parts: number
  gets: number
}

/** As `copyObject` decides it, as far as it can be known before. */
export function wayOf(from: Place, to: Place, { key, size }: ListedObject): Way {
  const { capabilities, transfer } = to.store
  const { copy, multipart } = capabilities
  const isNear = copy !== null && sameHome(from.store, to.store)
  if (isNear && size <= copy.maxBytes) return { how: 'provider', puts: 1, parts: 0, gets: 0 }
  if (size <= transfer.multipartThresholdBytes || !multipart) {
    return { how: 'whole', puts: 1, parts: 0, gets: 1 }
  }
  const canRead = from.store.capabilities.presign?.actions.includes('get') === true
  const isPulled = multipart.pulls === 'anywhere' && canRead
  const parts = Math.ceil(size / partSize(to, key, size, isPulled))
  return { how: isPulled ? 'pull' : 'parts', puts: 2, parts, gets: parts }
}

function partSize({ store, base }: Place, key: string, size: number, isPulled: boolean): number {
  try {
    return partBytes(store, base + key, size, isPulled)
  } catch (error) {
    // What is too large in parts is refused where it is copied, with its own sentence.
    if (error instanceof StorageError) return size
    throw error
  }
}
