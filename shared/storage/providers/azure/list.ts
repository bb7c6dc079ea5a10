// Listing blobs, flat or folded. Azure's order is by UTF-16 code units; a page may be short or empty. Keys
// that had to be escaped come where their blob names sort, and are folded by what they are.
// https://learn.microsoft.com/rest/api/storageservices/list-blobs

import type { Call, ListedObject, ListOptions, ListPage } from '../../contract.ts'
import { strangeAnswer } from '../refusals.ts'
import type { AzureClient } from './client.ts'
import type { BlobPage } from './list-answer.ts'
import { readPage } from './list-answer.ts'
import { toBlobName, toKey, toNamePrefix } from './names.ts'
import { toListedObject } from './object-info.ts'

export async function listBlobs(client: AzureClient, options: ListOptions): Promise<ListPage> {
  const { prefix = '', delimiter = '' } = options
  const page = await listPage(client, { ...options, startFrom: startFrom(options) })
  const wanted = (key: string) => key.startsWith(prefix) && isAfter(key, options.after)
  const objects: ListedObject[] = []
  const prefixes = new Set<string>()
  for (const item of page.blobs) {
    const object = toListedObject(item)
    if (!wanted(object.key)) continue
    const folded = fold(object.key, prefix, delimiter)
    if (folded === undefined) objects.push(object)
    else prefixes.add(folded)
  }
  for (const name of page.prefixes) {
    const key = toKey(name)
    if (key.startsWith(prefix) && isAfterFolded(key, options.after)) prefixes.add(key)
  }
  return { objects, prefixes: [...prefixes], cursor: page.marker }
}

/** A listing can begin at a name since this version; older ones begin with the first. */
const START_FROM_VERSION = '2026-02-06'

interface Listing extends Call, Pick<ListOptions, 'prefix' | 'delimiter' | 'cursor' | 'limit'> {
  include?: 'versions' | 'uncommittedblobs'
  startFrom?: string | undefined
}

/** One page; of names that begin with `prefix`, and of some more. */
export async function listPage(
  { requests, settings }: AzureClient,
  { prefix = '', delimiter, cursor, limit, include, startFrom: first, signal }: Listing,
): Promise<BlobPage> {
  const { text } = await requests.read({
    method: 'GET',
    query: {
      restype: 'container',
      comp: 'list',
      prefix: toNamePrefix(prefix) || undefined,
      delimiter: delimiter || undefined,
      marker: cursor,
      maxresults: limit?.toString(),
      include,
      startFrom: first,
    },
    ...(first !== undefined && { headers: { 'x-ms-version': START_FROM_VERSION } }),
    permissions: 'l',
    signal,
  })
  const page = readPage(text)
  if (!page) throw strangeAnswer(settings.name)
  return page
}

/**
 * Azure can begin within a listing, but its pages leave open from where the path counts when there is a
 * prefix. There the keys before `after` are read and dropped, 5,000 a request.
 */
function startFrom({ after = '', prefix = '', delimiter = '' }: ListOptions): string | undefined {
  return after === '' || prefix !== '' || delimiter !== '' ? undefined : toBlobName(after)
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
