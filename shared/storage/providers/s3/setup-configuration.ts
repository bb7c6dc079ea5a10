// How a bucket's configurations are asked for: what was never put is no error but undefined.

import type { S3Client } from '@aws-sdk/client-s3'
import type { Ask } from '../../setup-step.ts'
import type { S3Settings } from './settings.ts'
import { createClient } from './setup-client.ts'
import { toStorageError } from './setup-errors.ts'

export interface Configurations {
  settings: S3Settings
  Bucket: string
  send: <T>(operation: string, call: Calling<T>) => Promise<T | undefined>
  close: () => void
}

type Calling<T> = (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>

const NEVER_PUT = new Set([
  'NoSuchCORSConfiguration',
  'ServerSideEncryptionConfigurationNotFoundError',
])

export function openConfigurations(settings: S3Settings, retried: Ask): Configurations {
  const client = createClient(settings)
  async function ask<T>(signal: AbortSignal, call: Calling<T>): Promise<T | undefined> {
    signal.throwIfAborted()
    try {
      return await call(client, { abortSignal: signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof Error && NEVER_PUT.has(error.name)) return undefined
      throw toStorageError(error, settings)
    }
  }
  return {
    settings,
    Bucket: settings.bucket,
    send: (operation, call) => retried(operation, (signal) => ask(signal, call)),
    close: () => client.destroy(),
  }
}
