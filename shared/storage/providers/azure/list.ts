// Listing blobs, flat or folded. Azure's order is by UTF-16 code units; a page may be short or empty. Keys
// that had to be escaped come where their blob names sort, and are folded by what they are.
// https://learn.microsoft.com/rest/api/storageservices/list-blobs

import type { ContainerListBlobsOptions } from '@azure/storage-blob'
import type { ListedObject, ListOptions, ListPage } from '../../contract.ts'
import type { AzureClient } from './client.ts'
import { toBlobName, toKey, toNamePrefix } from './names.ts'
import { toListedObject } from './object-info.ts'

export async function listBlobs(client: AzureClient, options: ListOptions): Promise<ListPage> {
  const { prefix = '', delimiter = '', signal } = options
  const page = await client.run({ signal }, () => nextPage(client, options))
  const wanted = (key: string) => key.startsWith(prefix) && isAfter(key, options.after)
  const objects: ListedObject[] = []
  const prefixes = new Set<string>()
  for (const item of page.blobItems) {
    const object = toListedObject(item)
    if (!wanted(object.key)) continue
    const folded = fold(object.key, prefix, delimiter)
    if (folded === undefined) objects.push(object)
    else prefixes.add(folded)
  }
  for (const { name } of page.blobPrefixes) {
    const key = toKey(name)
    if (key.startsWith(prefix) && isAfterFolded(key, options.after)) prefixes.add(key)
  }
  return { objects, prefixes: [...prefixes], cursor: page.continuationToken || undefined }
}

async function nextPage(client: AzureClient, options: ListOptions) {
  const { prefix = '', delimiter = '', limit, cursor, signal } = options
  const asked: ContainerListBlobsOptions = {
    abortSignal: signal,
    ...(prefix !== '' && { prefix: toNamePrefix(prefix) }),
    ...startFrom(options),
  }
  const paging = {
    ...(limit !== undefined && { maxPageSize: limit }),
    ...(cursor !== undefined && { continuationToken: cursor }),
  }
  if (delimiter === '') {
    const { value } = await client.container.listBlobsFlat(asked).byPage(paging).next()
    return {
      blobItems: value.segment.blobItems,
      blobPrefixes: [],
      continuationToken: value.continuationToken,
    }
  }
  const { value } = await client.container
    .listBlobsByHierarchy(delimiter, asked)
    .byPage(paging)
    .next()
  return {
    blobItems: value.segment.blobItems,
    blobPrefixes: value.segment.blobPrefixes ?? [],
    continuationToken: value.continuationToken,
  }
}

/**
 * Azure can begin within a listing, but its pages leave open from where the path counts when there is a
 * prefix. There the keys before `after` are read and dropped, 5,000 a request.
 */
function startFrom({ after = '', prefix = '', delimiter = '' }: ListOptions): {
  startFrom?: string
} {
  return after === '' || prefix !== '' || delimiter !== '' ? {} : { startFrom: toBlobName(after) }
}

/** By UTF-16 code units, which is how strings compare. */
function isAfter(key: string, after: string | undefined): boolean {
  return after === undefined || toBlobName(key) > toBlobName(after)
}

/** A folded prefix also stands for the keys in it that lie after. */
function isAfterFolded(folded: string, after: string | undefined): boolean {
  return after === undefined || folded > after || after.startsWith(folded)
}

/** What Azure did not see, because the name hides it. */
function fold(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}
