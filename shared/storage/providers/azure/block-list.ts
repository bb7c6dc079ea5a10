// The list of blocks that makes a blob, and the heap of those that wait for one.
// https://learn.microsoft.com/rest/api/storageservices/put-block-list
// https://learn.microsoft.com/rest/api/storageservices/get-block-list

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import type { Call, PutOptions } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import type { AzureClient } from './client.ts'
import { propertyHeaders, writePermissions } from './request-headers.ts'
import { conditionHeaders, keptMd5 } from './write-options.ts'
import { xmlBody } from './xml-body.ts'

export async function commitBlocks(
  { requests }: AzureClient,
  key: string,
  ids: readonly string[],
  options: PutOptions,
): Promise<AnswerHeaders> {
  const { mode, checksum, signal } = options
  const latest = ids.map((id) => element('Latest', id))
  const { headers, content } = xmlBody(element('BlockList', latest))
  return requests.headers({
    method: 'PUT',
    key,
    query: { comp: 'blocklist' },
    headers: {
      ...headers,
      ...propertyHeaders(options),
      ...keptMd5(checksum),
      ...conditionHeaders(mode),
    },
    content,
    permissions: writePermissions(options),
    creates: mode === 'create',
    signal,
  })
}

/** Those that no list has named yet; none where there is no such blob. */
export async function waitingBlocks(
  { requests }: AzureClient,
  key: string,
  { signal }: Call,
): Promise<{ name: string; size: number }[]> {
  try {
    const query = { comp: 'blocklist', blocklisttype: 'uncommitted' }
    const { text } = await requests.read({ method: 'GET', key, query, permissions: 'r', signal })
    return elementsOf(text, 'Block').map((block) => ({
      name: textOf(block, 'Name') ?? '',
      size: Number(textOf(block, 'Size') ?? 0),
    }))
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'not-found' && error.key === key) return []
    throw error
  }
}
