// Calls to an Azure Storage queue: one request a message, with the account's key or a token of Microsoft
// Entra, whichever the function app's own storage connection gives.
// https://learn.microsoft.com/rest/api/storageservices/put-message

import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import type { Platform } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { parseConnectionString } from '#shared/storage/providers/azure/connection-string.ts'
import { tokenSource } from '#shared/storage/providers/azure/tokens.ts'
import { DEFAULT_RETRY, retry } from '#shared/wire/retry.ts'

/** Resolves once the queue has it. */
export type PutMessage = (queue: string, body: string, delaySeconds: number) => Promise<void>

interface Account {
  endpoint: string
  authorize(request: Unsigned): Promise<string>
}

interface Unsigned {
  path: string
  query: readonly (readonly [name: string, value: string])[]
  headers: Readonly<Record<string, string>>
  bytes: number
}

const API_VERSION = '2021-12-02'
const CALL_MILLISECONDS = 10_000

/** The app setting `AzureWebJobsStorage`, as every function app has it. */
export function createStorageQueue(platform: Platform): PutMessage {
  let account: Account | undefined

  async function putOnce(queue: string, body: string, delaySeconds: number): Promise<void> {
    account ??= openAccount(platform)
    const text = Buffer.from(body).toString('base64')
    const content = `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`
    const query = [
      // A message of the default would be gone after a week.
      ['messagettl', '-1'],
      ['visibilitytimeout', String(delaySeconds)],
    ] as const
    const headers = {
      'content-type': 'application/xml',
      'x-ms-date': new Date(platform.now()).toUTCString(),
      'x-ms-version': API_VERSION,
    }
    const path = `${new URL(account.endpoint).pathname.replace(/\/$/, '')}/${queue}/messages`
    const unsigned = { path, query, headers, bytes: Buffer.byteLength(content) }
    const authorization = await account.authorize(unsigned)
    const url = new URL(
      `${path}?${query.map((pair) => pair.join('=')).join('&')}`,
      account.endpoint,
    )
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, authorization },
      body: content,
      signal: AbortSignal.timeout(CALL_MILLISECONDS),
    }).catch((cause: unknown) => {
      throw refusal(queue, 'does not answer', true, cause)
    })
    await answer.body?.cancel()
    if (answer.ok) return
    const code = answer.headers.get('x-ms-error-code') ?? ''
    const passing = answer.status >= 500 || answer.status === 429
    throw refusal(queue, `answered ${answer.status} ${code}`.trim(), passing)
  }

  return (queue, body, delaySeconds) =>
    retry(
      () => putOnce(queue, body, delaySeconds),
      (error) => ({ retry: error instanceof StorageError && error.retry === 'later' }),
      DEFAULT_RETRY,
    )
}

function openAccount(platform: Platform): Account {
  const { env } = platform
  const text = env['AzureWebJobsStorage'] ?? ''
  const { account = '', accountKey, queueEndpoint } = parseConnectionString(text) ?? {}
  if (accountKey !== undefined) {
    const key = Buffer.from(accountKey, 'base64')
    return {
      endpoint: queueEndpoint ?? publicEndpoint(account),
      authorize: async (request) => `SharedKey ${account}:${sharedKey(key, account, request)}`,
    }
  }
  const name = env['AzureWebJobsStorage__accountName']
  const endpoint = env['AzureWebJobsStorage__queueServiceUri'] ?? (name && publicEndpoint(name))
  if (!endpoint) {
    throw new StorageError(
      'unauthenticated',
      'The function app has no storage for its queue: set AzureWebJobsStorage to a connection string with a key, or AzureWebJobsStorage__accountName for its managed identity.',
    )
  }
  const token = tokenSource(platform, 'the queue')
  return { endpoint, authorize: async () => `Bearer ${(await token()).token}` }
}

function publicEndpoint(account: string): string {
  return `https://${account}.queue.core.windows.net`
}

/** https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key */
function sharedKey(key: Buffer, account: string, request: Unsigned): string {
  const { headers, query, path, bytes } = request
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-ms-'))
  const canonicalHeaders = own.toSorted(byName).map(([name, value]) => `${name}:${value}\n`)
  const canonicalQuery = query.toSorted(byName).map(([name, value]) => `\n${name}:${value}`)
  const lines = [
    'POST',
    ...['', '', String(bytes), '', headers['content-type'] ?? ''],
    ...['', '', '', '', '', ''],
    `${canonicalHeaders.join('')}/${account}${path}${canonicalQuery.join('')}`,
  ]
  return createHmac('sha256', key).update(lines.join('\n')).digest('base64')
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}

function refusal(queue: string, what: string, passing: boolean, cause?: unknown): StorageError {
  return new StorageError(
    'unavailable',
    `The storage queue "${queue}" ${what}; check that it is there and that the function app may add messages.`,
    { retry: passing ? 'later' : 'never', cause },
  )
}
