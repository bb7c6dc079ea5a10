// What one store holds of one object, as answers say it.

import type { StoreCopy } from '#shared/client/protocol.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Workspace } from './workspace.ts'

export function roleOf(store: Store, { primary }: Workspace): StoreCopy['role'] {
  return store === primary ? 'primary' : 'replica'
}

export function copyOf(store: Store, workspace: Workspace, object: ListedObject): StoreCopy {
  const { size, etag, modified, storageClass } = object
  // One literal: spread together, a million of them would take several times the memory and the time.
  return {
    store: store.name,
    role: roleOf(store, workspace),
    state: 'present',
    size,
    etag,
    modified: modified.toISOString(),
    storageClass,
  }
}

export function absentFrom(store: Store, workspace: Workspace): StoreCopy {
  return { store: store.name, role: roleOf(store, workspace), state: 'absent' }
}

/** Not knowing is its own state: a store that does not answer has not lost anything. */
export function unknownAt(store: Store, workspace: Workspace, error: unknown): StoreCopy {
  const problem = error instanceof Error ? error.message : String(error)
  return { store: store.name, role: roleOf(store, workspace), state: 'unknown', problem }
}
