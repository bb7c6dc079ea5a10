// An Azurite with a container for one test file, opened as a store, and the few words in which the tests of
// the driver talk.

import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { Content, Driver, PutOptions } from '#shared/storage/contract.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createAzureDriver } from '#shared/storage/providers/azure/driver.ts'
import { startAzurite } from '../servers/azurite.ts'
import { settingsOf } from './azure-opening.ts'

export const { signal } = new AbortController()
export const overwrite: PutOptions = { mode: 'overwrite', signal }

export interface AzureStore {
  driver: Driver
  container: ContainerClient
  /** Another store at the same server, or the same one elsewhere. */
  open(container: string, accountKey?: string, endpoint?: string): Driver
  contentOf(key: string, range?: { first: number; last?: number }): Promise<string>
  everyKey(options: Listing): Promise<{ keys: string[]; prefixes: string[] }>
  stop(): Promise<void>
}

interface Listing {
  prefix?: string
  delimiter?: string
  limit?: number
  after?: string
}

export async function startAzureStore(): Promise<AzureStore> {
  const azurite = await startAzurite()
  const credential = new StorageSharedKeyCredential(azurite.account, azurite.accountKey)
  const container = new ContainerClient(`${azurite.url}/tests`, credential)
  await container.create()
  const open: AzureStore['open'] = (
    name,
    accountKey = azurite.accountKey,
    endpoint = azurite.url,
  ) => {
    const uri = `az://${azurite.account}/${name}?endpoint=${endpoint}`
    return createAzureDriver(settingsOf(uri, { credentials: { accountKey } }))
  }
  const driver = open('tests')
  return {
    driver,
    container,
    open,
    async contentOf(key, range) {
      const { body } = await driver.get(key, { range, signal })
      return new Response(body).text()
    },
    everyKey: (options) => everyKey(driver, options),
    stop: () => azurite.stop(),
  }
}

async function everyKey(driver: Driver, options: Listing) {
  const keys: string[] = []
  const prefixes: string[] = []
  let cursor: string | undefined
  do {
    const page = await driver.list({ ...options, signal, cursor })
    keys.push(...page.objects.map((object) => object.key))
    prefixes.push(...page.prefixes)
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return { keys, prefixes }
}

export function bytes(text: string): { bytes: Uint8Array } {
  return { bytes: Buffer.from(text) }
}

export function stream(chunks: Uint8Array[], size: number): Content {
  const left = [...chunks]
  return {
    size,
    stream: new ReadableStream({
      pull(controller) {
        const chunk = left.shift()
        if (chunk) controller.enqueue(chunk)
        else controller.close()
      },
    }),
  }
}

export async function failure(work: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await work.then(
    () => new Error('it went well'),
    (reason: unknown) => reason,
  )
  if (error instanceof StorageError) return error
  throw error
}

export async function kindOf(work: Promise<unknown>): Promise<ErrorKind> {
  return (await failure(work)).kind
}
