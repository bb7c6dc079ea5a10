// Requests to both of Cloud Storage's APIs with a bearer token, over `fetch`. The official client is not used
// here: it takes no abort signal, has no XML multipart uploads, and in a Worker its downloads and deletes
// hang; one small transport gives every call the same errors, in Node and in workerd.

import { encodePath, encodeUri } from '#shared/wire/sigv4.ts'
import type { Content } from '../../contract.ts'
import type { Download } from './download.ts'
import { download } from './download.ts'
import type { Asked } from './errors.ts'
import { connectionError, refusalError } from './errors.ts'
import type { OutgoingBody } from './outgoing-body.ts'
import { AT_HAND, outgoingBody } from './outgoing-body.ts'
import type { GcsSettings } from './settings.ts'

export interface GcsGet {
  /** Encoded, after the endpoint; a whole URL for a session's own. */
  path: string
  query?: Record<string, string | undefined>
  headers?: Record<string, string>
  /** For messages. */
  key?: string | undefined
  signal: AbortSignal
}

export interface GcsRequest extends GcsGet {
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  body?: Content | undefined
  /** A body of JSON. */
  json?: object | undefined
  /** The key was to be free: what a 412 means. */
  creates?: boolean | undefined
  /** Statuses that are answers and no refusals, besides 2xx. */
  accept?: readonly number[]
}

/** Read to its end: one that breaks off on the way is no answer. */
interface Answer {
  status: number
  headers: Headers
  text: string
}

export interface Transport {
  readonly settings: GcsSettings
  send(request: GcsRequest): Promise<Answer>
  /** For answers that say all in their headers. */
  headers(request: GcsRequest): Promise<Headers>
  /** The answer's JSON, which has the shape that the API documents for this call. */
  json<T>(request: GcsRequest): Promise<T>
  /** A GET whose body comes as it is stored. */
  download(request: GcsGet): Promise<Download>
  /** The object, in the paths of the JSON API. */
  objectPath(key: string): string
  /** The object, in the paths of the XML API. */
  xmlPath(key: string): string
}

export function createTransport(settings: GcsSettings): Transport {
  const { bucket } = settings
  const send = (request: GcsRequest) => sendRequest(settings, request)
  return {
    settings,
    send,
    headers: async (request) => (await send(request)).headers,
    json: async (request) => JSON.parse((await send(request)).text),
    download: (request) => downloadObject(settings, request),
    objectPath: (key) => `/storage/v1/b/${bucket}/o/${encodeUri(key)}`,
    xmlPath: (key) => `/${bucket}/${encodePath(key)}`,
  }
}

async function sendRequest(settings: GcsSettings, request: GcsRequest): Promise<Answer> {
  const outgoing = encodeBody(settings, request)
  try {
    return await exchange(settings, request, outgoing)
  } finally {
    await outgoing?.end()
  }
}

async function exchange(
  settings: GcsSettings,
  request: GcsRequest,
  outgoing: OutgoingBody | undefined,
): Promise<Answer> {
  const { method, signal, accept = [] } = request
  const about = asked(settings, request)
  const init: RequestInit & { duplex: 'half' } = {
    method,
    headers: { ...(await authorization(settings)), ...outgoing?.headers, ...request.headers },
    redirect: 'manual',
    signal,
    duplex: 'half',
    ...(outgoing && { body: outgoing.body }),
  }
  let response: Response
  let text: string
  try {
    response = await fetch(urlOf(settings, request), init)
    // A refusal is told by its status alone.
    text = await (response.ok ? response.text() : response.text().catch(() => ''))
  } catch (error) {
    if (signal.aborted) throw error
    throw outgoing?.failure() ?? connectionError(about, settings.endpoint, error)
  }
  const { ok, status, headers } = response
  if (ok || accept.includes(status)) return { status, headers, text }
  throw refusalError(about, status, text, headers.get('retry-after'))
}

async function downloadObject(settings: GcsSettings, request: GcsGet): Promise<Download> {
  const about = asked(settings, { ...request, method: 'GET' })
  const headers = { ...(await authorization(settings)), ...request.headers }
  let answer: Download
  try {
    answer = await download(urlOf(settings, request), headers, request.signal)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw connectionError(about, settings.endpoint, error)
  }
  if (answer.status === 200 || answer.status === 206) return answer
  const text = await new Response(answer.body).text().catch(() => '')
  throw refusalError(about, answer.status, text, answer.headers.get('retry-after'))
}

function asked({ name, bucket }: GcsSettings, { key, creates, method }: GcsRequest): Asked {
  return { store: name, bucket, key, creates, writes: method !== 'GET' }
}

async function authorization(settings: GcsSettings): Promise<Record<string, string>> {
  const token = await settings.accessToken?.()
  return token ? { authorization: `Bearer ${token.value}` } : {}
}

function urlOf(settings: GcsSettings, { path, query = {} }: GcsGet): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeUri(value)}`],
  )
  const url = path.startsWith('/') ? settings.endpoint + path : path
  return given.length === 0 ? url : `${url}?${given.join('&')}`
}

function encodeBody(
  { name }: GcsSettings,
  { body, json, key = '' }: GcsRequest,
): OutgoingBody | undefined {
  if (body) return outgoingBody(body, name, key)
  if (!json) return undefined
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return { body: JSON.stringify(json), headers, ...AT_HAND }
}
