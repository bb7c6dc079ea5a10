// How a bucket's configurations are asked for: what was never put is no error but undefined.

import type { S3Client } from '@aws-sdk/client-s3'
import type { Ask } from '../../setup-step.ts'
import type { S3Bucket } from './bucket.ts'
import type { S3Settings } from './settings.ts'

export interface Configurations {
  settings: S3Settings
  Bucket: string
  send: <T>(
    operation: string,
    call: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
  ) => Promise<T | undefined>
}

const NEVER_PUT = new Set([
  'NoSuchCORSConfiguration',
  'NoSuchLifecycleConfiguration',
  'ServerSideEncryptionConfigurationNotFoundError',
])

export function openConfigurations(
  { settings, Bucket, ask }: S3Bucket,
  retried: Ask,
): Configurations {
  return {
    settings,
    Bucket,
    send: (operation, call) =>
      retried(operation, (signal) =>
        ask(signal, {}, async (client, options) => {
          try {
            return await call(client, options)
          } catch (error) {
            if (error instanceof Error && NEVER_PUT.has(error.name)) return undefined
            throw error
          }
        }),
      ),
  }
}
