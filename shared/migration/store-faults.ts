// Whether a failure is one object's or the store's: a destination that is full, that may not be written any more or
// that is gone would fail every object alike, and so the job is stopped with one sentence instead.

import { randomBytes } from 'node:crypto'
import type { Place } from '#shared/compare/listing.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'

export interface StoreFaults {
  /** What ends the step; undefined: it was about that object alone. */
  ofStore(error: unknown): Promise<unknown>
  /** One went well. */
  well(): void
}

const ABOUT_STORES: readonly ErrorKind[] = [
  ...(['denied', 'unauthenticated', 'throttled', 'unavailable', 'internal', 'not-found'] as const),
]
/** So many in a row, and none that went well. */
const IN_A_ROW = 24

export function createStoreFaults(
  { from, to }: { from: Place; to: Place },
  inARow = IN_A_ROW,
): StoreFaults {
  let failures = 0
  let most = inARow
  const looks = new Map<Place, Promise<StorageError | undefined>>()
  /** What several have met at once is looked at once. */
  const look = (place: Place, ask: () => Promise<unknown>) => {
    const under = looks.get(place)
    if (under) return under
    const answer = ask()
      .then(() => undefined)
      .catch((error: unknown) => (isStorageError(error) ? error : undefined))
      .finally(() => looks.delete(place))
    looks.set(place, answer)
    return answer
  }
  return {
    well() {
      failures = 0
      most = IN_A_ROW
    },
    async ofStore(error) {
      if (!isStorageError(error)) return error
      if (!ABOUT_STORES.includes(error.kind)) return undefined
      failures++
      const isTarget = error.store === to.store.name
      const found = isTarget
        ? await look(to, () => tryToWrite(to))
        : await look(from, () => from.store.list({ prefix: from.base, limit: 1 }))
      if (found) return stopping(isTarget ? to : from, error, found.retry)
      return failures >= most ? stopping(isTarget ? to : from, error, error.retry) : undefined
    },
  }
}

function stopping(
  { store: { name } }: Place,
  error: StorageError,
  retry: StorageError['retry'],
): StorageError {
  const { kind, cause } = error
  const message = `The migration cannot go on with ${name}: ${error.message}`
  return new StorageError(kind, message, { store: name, retry, cause })
}

async function tryToWrite({ store }: Place): Promise<void> {
  const key = `${RESERVED_PREFIX}migration/try-${randomBytes(9).toString('hex')}`
  await store.put(key, 'Whether anything can be written here.', { contentType: 'text/plain' })
  await store.delete(key).catch(() => undefined)
}
