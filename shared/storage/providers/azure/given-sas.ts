// A SAS that somebody else made: all that is known of it is what it says. It must cover the container,
// it allows what its permissions say, and it ends when it says, or when a policy on the container does.

import { StorageError } from '../../errors.ts'

export interface GivenSas {
  /** Without the question mark, as it was given. */
  query: string
  /** Absent when a stored access policy holds them. */
  permissions?: string | undefined
  /** Milliseconds since the epoch; absent when a stored access policy holds it. */
  expiresAt?: number | undefined
}

export function parseGivenSas(token: string, store: string): GivenSas {
  const query = token.trim().replace(/^\?/, '')
  const values = new URLSearchParams(query)
  if (!values.get('sig') || !values.get('sv')) {
    throw fault('unauthenticated', store, 'is not one: it has no sv or no sig; make a new one')
  }
  if (!coversContainer(values)) {
    throw fault('invalid', store, 'covers a single blob; make one for the container (sr=c)')
  }
  const end = values.get('se')
  const expiresAt = end === null ? undefined : Date.parse(end)
  if (Number.isNaN(expiresAt)) {
    throw fault('unauthenticated', store, 'has an end (se) that is no time; make a new one')
  }
  return { query, permissions: values.get('sp') ?? undefined, expiresAt }
}

/** A service SAS of a container or of a directory tree, or an account SAS that covers blobs of blob storage. */
function coversContainer(values: URLSearchParams): boolean {
  const resource = values.get('sr')
  if (resource !== null) return resource === 'c' || resource === 'd'
  return (values.get('ss') ?? '').includes('b') && (values.get('srt') ?? '').includes('o')
}

function fault(kind: 'invalid' | 'unauthenticated', store: string, what: string): StorageError {
  return new StorageError(kind, `The SAS token of the store "${store}" ${what}.`, { store })
}
