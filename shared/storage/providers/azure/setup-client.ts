// The official SDK's client of the account's blob service, which `setup` alone uses: one attempt a call, the
// store's own credentials.

import {
  AnonymousCredential,
  BlobServiceClient,
  newPipeline,
  RestError,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { noAnswer, refusal } from './errors.ts'
import type { AzureSettings } from './settings.ts'

export function createServiceClient(settings: AzureSettings): BlobServiceClient {
  const { credential, endpoint } = settings
  const pipeline = newPipeline(sdkCredential(settings), { retryOptions: { maxTries: 1 } })
  const query = credential.kind === 'sas' ? `?${credential.sas.query}` : ''
  return new BlobServiceClient(endpoint + query, pipeline)
}

function sdkCredential({ credential, account }: AzureSettings) {
  switch (credential.kind) {
    case 'key':
      return new StorageSharedKeyCredential(account, credential.accountKey)
    case 'sas':
      return new AnonymousCredential()
    default: {
      const { token } = credential
      return {
        async getToken() {
          const held = await token()
          return { token: held.token, expiresOnTimestamp: held.expiresAt }
        },
      }
    }
  }
}

/**
 * One call of the SDK; what it throws comes out as this project's error, and an abort as it is. Nothing of
 * the SDK's own text is passed on: it quotes URLs, and these may hold a SAS.
 */
export async function callService<T>(
  settings: AzureSettings,
  signal: AbortSignal,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (signal.aborted || !(error instanceof RestError)) throw error
    if (error.statusCode === undefined) throw noAnswer(settings, error.code ?? '', {})
    const headers = error.response?.headers
    throw refusal(
      settings,
      { signal },
      {
        status: error.statusCode,
        // The SDK's own code may be one of its own, for a body that it could not read.
        code: headers?.get('x-ms-error-code') ?? error.code,
        retryAfter: headers?.get('retry-after'),
        date: headers?.get('date'),
      },
    )
  }
}
