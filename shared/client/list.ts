// Lists: one page, or all objects, fetched a page at a time as they are asked for.

import type { Api } from './api.ts'
import type { ListedObject, ObjectList } from './protocol.ts'

export interface ListOptions {
  prefix?: string | undefined
  /** `/` lists one level, and tells the levels below as `prefixes` of a page. */
  delimiter?: string | undefined
  cursor?: string | undefined
  /** Of one page. */
  limit?: number | undefined
  /** `all` asks every store what it holds. */
  stores?: 'all' | undefined
  signal?: AbortSignal | undefined
}

export function listPage(api: Api, { signal, ...query }: ListOptions): Promise<ObjectList> {
  return api.call<ObjectList>('GET', 'objects', { query, signal })
}

export async function* listAll(
  api: Api,
  options: ListOptions,
): AsyncGenerator<ListedObject, void, undefined> {
  let { cursor } = options
  do {
    const page = await listPage(api, { ...options, cursor })
    yield* page.objects
    cursor = page.cursor
  } while (cursor !== undefined)
}
