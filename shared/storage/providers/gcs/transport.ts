// Requests to both of Cloud Storage's APIs with a bearer token. The official client is not used
// here: it takes no abort signal, has no XML multipart uploads, and in a Worker its downloads and deletes
// hang; one small transport gives every call the same errors, in Node and in workerd.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Answer as Download, ExchangeRequest, Outgoing } from '#shared/wire/exchange.ts'
import { BodyFailed, WrongLength, exchange, textOf } from '#shared/wire/exchange.ts'
import { encodePath, encodeUri } from '#shared/wire/sigv4.ts'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { wrongLength } from '../refusals.ts'
import type { Asked } from './errors.ts'
import { connectionError, refusalError } from './errors.ts'
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
  headers: AnswerHeaders
  text: string
}

export interface Transport {
  readonly settings: GcsSettings
  send(request: GcsRequest): Promise<Answer>
  /** For answers that say all in their headers. */
  headers(request: GcsRequest): Promise<AnswerHeaders>
  /** The answer's JSON, which has the shape that the API documents for this call. */
  json<T>(request: GcsRequest): Promise<T>
  /** A GET whose body comes as it is stored. */
  download(request: GcsGet): Promise<Download>
  /** The object, in the paths of the JSON API; of another bucket, where one is named. */
  objectPath(key: string, bucket?: string): string
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
    objectPath: (key, within = bucket) => `/storage/v1/b/${within}/o/${encodeUri(key)}`,
    xmlPath: (key) => `/${bucket}/${encodePath(key)}`,
  }
}

async function sendRequest(settings: GcsSettings, request: GcsRequest): Promise<Answer> {
  const { method, accept = [] } = request
  const body = encodeBody(request)
  const headers = {
    ...(await authorization(settings)),
    ...(request.json && { 'content-type': 'application/json; charset=utf-8' }),
    ...request.headers,
  }
  const about = asked(settings, request)
  const answer = await attempt(settings, about, { ...request, method, headers, body })
  const ok = answer.status >= 200 && answer.status < 300
  // A refusal is told by its status alone; of a success all has to come.
  const text = await textOf(answer).catch((error: unknown) => {
    if (!ok) return ''
    throw request.signal.aborted ? error : connectionError(about, settings.endpoint, error)
  })
  const { status, headers: told } = answer
  if (ok || accept.includes(status)) return { status, headers: told, text }
  throw refusalError(about, status, text, told.get('retry-after'))
}

async function attempt(
  settings: GcsSettings,
  about: Asked,
  request: GcsGet & Pick<ExchangeRequest, 'method' | 'headers' | 'body'>,
): Promise<Download> {
  const { method, headers, body, signal, key = '' } = request
  try {
    return await exchange({ method, url: urlOf(settings, request), headers, body, signal })
  } catch (error) {
    if (signal.aborted || error instanceof StorageError) throw error
    if (error instanceof BodyFailed) throw error.cause
    if (error instanceof WrongLength && body && 'size' in body) {
      throw wrongLength(settings.name, key, error.held, body.size)
    }
    throw connectionError(about, settings.endpoint, error)
  }
}

async function downloadObject(settings: GcsSettings, request: GcsGet): Promise<Download> {
  const about = asked(settings, { ...request, method: 'GET' })
  const headers = { ...(await authorization(settings)), ...request.headers }
  const answer = await attempt(settings, about, { ...request, method: 'GET', headers })
  if (answer.status === 200 || answer.status === 206) return answer
  const text = await textOf(answer).catch(() => '')
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

function encodeBody({ body, json }: GcsRequest): Outgoing | undefined {
  if (json) return { bytes: new TextEncoder().encode(JSON.stringify(json)) }
  if (body === undefined || 'bytes' in body) return body
  if (body.size === undefined) throw new TypeError('a body has a length')
  const { stream, size, framed } = body
  return { stream, size, framed }
}
