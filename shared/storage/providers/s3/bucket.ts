// What the driver's files share: the client, and one way to call it, whose failures are the contract's.

import type { S3Client } from '@aws-sdk/client-s3'
import type { Doing } from './errors.ts'
import { toStorageError } from './errors.ts'
import type { Requests } from './requests.ts'
import { createRequests } from './requests.ts'
import type { S3Settings } from './settings.ts'

export interface S3Bucket {
  readonly settings: S3Settings
  readonly client: S3Client
  /** For what moves bytes. */
  readonly requests: Requests
  /** The bucket's name, as every request carries it. */
  readonly Bucket: string
  /** Calls the client; whatever goes wrong is a `StorageError`, or the signal's own reason. */
  readonly ask: <T>(
    signal: AbortSignal,
    doing: Doing,
    call: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
  ) => Promise<T>
}

export function openBucket(settings: S3Settings, client: S3Client): S3Bucket {
  return {
    settings,
    client,
    requests: createRequests(settings),
    Bucket: settings.bucket,
    async ask(signal, doing, call) {
      signal.throwIfAborted()
      try {
        return await call(client, { abortSignal: signal })
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toStorageError(error, settings, doing)
      }
    },
  }
}
