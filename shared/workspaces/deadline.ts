// A call to one of several stores, which must not hold up what the others have already said.

import { StorageError } from '#shared/storage/errors.ts'

interface Limit {
  store: string
  seconds: number
  /** The caller's own. */
  signal: AbortSignal | undefined
}

/** Fails with `unavailable` when the time is over, and as the caller's signal does when that ends it. */
export async function within<T>(
  { store, seconds, signal }: Limit,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(seconds * 1000)
  try {
    return await run(signal ? AbortSignal.any([signal, limit]) : limit)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof StorageError || !limit.aborted) throw error
    const message = `${store} did not answer within ${seconds} seconds; check that its endpoint can be reached.`
    throw new StorageError('unavailable', message, { store })
  }
}
