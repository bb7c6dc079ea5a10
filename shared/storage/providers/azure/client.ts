// The official SDK, set up as Skein wants it: one attempt a call, no second tries inside a download, the
// store's own credentials. In a Worker it runs on `node:http` like in Node; see the build for how.

import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestPolicyFactory } from '@azure/storage-blob'
import {
  AnonymousCredential,
  BlockBlobClient,
  ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import type { Attempt } from './errors.ts'
import { toStorageError } from './sdk-errors.ts'
import { toBlobName } from './names.ts'
import type { Requests } from './requests.ts'
import { createRequests } from './requests.ts'
import type { AzureSettings } from './settings.ts'

export interface AzureClient {
  settings: AzureSettings
  /** For what moves bytes. */
  requests: Requests
  container: ContainerClient
  blob(key: string, version?: string): BlockBlobClient
  /** Runs one call of the SDK; what it throws comes out as this project's error. */
  run<T>(attempt: Attempt, call: () => Promise<T>): Promise<T>
}

export function createAzureClient(settings: AzureSettings): AzureClient {
  const { credential } = settings
  const pipeline = newPipeline(sdkCredential(settings), { retryOptions: { maxTries: 1 } })
  pipeline.factories.push(EXTRA_HEADERS_POLICY)
  const query = credential.kind === 'sas' ? `?${credential.sas.query}` : ''
  const container = new ContainerClient(
    `${settings.endpoint}/${settings.container}${query}`,
    pipeline,
  )
  return {
    settings,
    requests: createRequests(settings),
    container,
    blob(key, version) {
      const client = container.getBlockBlobClient(toBlobName(key))
      return version === undefined
        ? client
        : new BlockBlobClient(client.withVersion(version).url, pipeline)
    },
    async run(attempt, call) {
      try {
        return await call()
      } catch (error) {
        throw toStorageError(settings, error, attempt)
      }
    },
  }
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

const extraHeaders = new AsyncLocalStorage<Record<string, string>>()

/** Adds headers to the requests of one call, before they are signed, that the SDK has no option for. */
export function withHeaders<T>(
  headers: Record<string, string>,
  call: () => Promise<T>,
): Promise<T> {
  return extraHeaders.run(headers, call)
}

const EXTRA_HEADERS_POLICY: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      for (const [name, value] of Object.entries(extraHeaders.getStore() ?? {})) {
        request.headers.set(name, value)
      }
      return next.sendRequest(request)
    },
  }),
}
