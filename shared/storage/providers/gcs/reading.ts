// Looking at objects: one, its bytes, or many in order. Descriptions come from the JSON API, bytes from the
// XML API, whose headers tell all of the object in the same answer.

import type {
  GetOptions,
  GetResult,
  ListOptions,
  ListPage,
  ObjectInfo,
  ReadOptions,
  VersionsDriver,
} from '../../contract.ts'
import { checkFirstByte } from '../refusals.ts'
import { infoFromHeaders } from './answer-headers.ts'
import { checkGeneration } from './headers.ts'
import type { ObjectResource } from './resource.ts'
import { LISTED_FIELDS, toInfo, toListed, toVersion } from './resource.ts'
import type { Transport } from './transport.ts'

export function readResource(
  transport: Transport,
  key: string,
  { version, bucket, signal }: ReadOptions & { bucket?: string | undefined },
): Promise<ObjectResource> {
  return transport.json<ObjectResource>({
    method: 'GET',
    path: transport.objectPath(key, bucket),
    query: { generation: version },
    key,
    signal,
  })
}

export async function headObject(
  transport: Transport,
  key: string,
  options: ReadOptions,
): Promise<ObjectInfo> {
  return toInfo(await readResource(transport, key, options))
}

/** `Accept-Encoding: gzip` keeps Cloud Storage from unpacking: https://cloud.google.com/storage/docs/transcoding */
export async function getObject(
  transport: Transport,
  key: string,
  { range, ifMatch, version, signal }: GetOptions,
): Promise<GetResult> {
  const headers: Record<string, string> = { 'accept-encoding': 'gzip' }
  if (range) headers['range'] = `bytes=${range.first}-${range.last ?? ''}`
  if (ifMatch !== undefined) {
    const generation = checkGeneration(ifMatch, transport.settings.name, key)
    headers['x-goog-if-generation-match'] = generation
  }
  const path = transport.xmlPath(key)
  const query = { generation: version }
  const answer = await transport.download({ path, query, headers, key, signal })
  const { name } = transport.settings
  try {
    const info = infoFromHeaders(name, key, answer.headers)
    checkFirstByte(name, key, range, answer.headers.get('content-range'))
    return { info, body: answer.body, framed: true }
  } catch (error) {
    await answer.body.cancel()
    throw error
  }
}

interface Listing {
  items?: ObjectResource[]
  prefixes?: string[]
  nextPageToken?: string
}

export async function listObjects(transport: Transport, options: ListOptions): Promise<ListPage> {
  const { prefix, delimiter, after, cursor, limit, signal } = options
  const page = await list(transport, signal, {
    prefix,
    delimiter,
    pageToken: cursor,
    maxResults: limit?.toString(),
    // `startOffset` includes the key itself, and no key that we allow sorts before this one and after it.
    startOffset: after === undefined ? undefined : `${after} `,
  })
  return {
    objects: (page.items ?? []).map(toListed),
    prefixes: page.prefixes ?? [],
    cursor: page.nextPageToken,
  }
}

function list(
  transport: Transport,
  signal: AbortSignal,
  query: Record<string, string | undefined>,
): Promise<Listing> {
  return transport.json<Listing>({
    method: 'GET',
    path: `/storage/v1/b/${transport.settings.bucket}/o`,
    query: { ...query, fields: `items(${LISTED_FIELDS}),prefixes,nextPageToken` },
    signal,
  })
}

/** Cloud Storage has no delete markers: a deleted key has old generations and no latest one. */
export function versionsOf(transport: Transport): VersionsDriver {
  return {
    async list({ prefix, cursor, limit, signal }) {
      const query = { prefix, pageToken: cursor, maxResults: limit?.toString(), versions: 'true' }
      const page = await list(transport, signal, query)
      return { versions: (page.items ?? []).map(toVersion), cursor: page.nextPageToken }
    },
  }
}
