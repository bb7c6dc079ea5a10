// The bucket behind a binding, and how each call to it is made: ended by its signal, which a binding does
// not take, and failing in the contract's terms.

import { StorageError, isStorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import type { R2Bucket } from './binding.ts'
import { isR2Bucket } from './binding.ts'
import { toStorageError } from './errors.ts'

export interface R2Access {
  store: string
  bucket: R2Bucket
  ask<T>(signal: AbortSignal, key: string | undefined, run: () => Promise<T>): Promise<T>
  isNotFound(error: unknown): boolean
}

export function openBinding({ address, name, platform }: Opening): R2Access {
  const binding = address.parameters['binding'] ?? ''
  const bucket = platform.bindings?.[binding]
  if (!isR2Bucket(bucket)) {
    const message = `The store "${name}" asks for the R2 binding "${binding}", which this Worker does not have; add it to r2_buckets.`
    throw new StorageError('invalid', message, { store: name })
  }
  return {
    store: name,
    bucket,
    async ask(signal, key, run) {
      signal.throwIfAborted()
      try {
        return await endedBy(signal, run())
      } catch (error) {
        if (signal.aborted) throw error
        throw toStorageError(error, name, key)
      }
    },
    isNotFound: (error) => isStorageError(error, 'not-found'),
  }
}

function endedBy<T>(signal: AbortSignal, running: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    void running.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
