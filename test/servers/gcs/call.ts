/**
 * One request and its answer, free of sockets: the same handlers serve a connection and
 * the calls inside a batch. A handler throws GcsError to refuse.
 */
import { invalid } from './errors.ts'

export interface Call {
  readonly method: string
  /** Still percent-encoded, as received. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names; repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Buffer>
  /** How the client reached this server: the base of links in answers. */
  readonly origin: string
}

export type HeaderValue = string | number | readonly string[]

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, HeaderValue>>
  readonly body?: string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>
}

/** What a request asks for, known before anything is done about it. */
export interface Route {
  readonly api: 'json' | 'xml'
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly run: (call: Call) => Promise<Answer> | Answer
}

export type JsonObject = Record<string, unknown>

export function json(status: number, value: object, headers: Answer['headers'] = {}): Answer {
  const type = { 'content-type': 'application/json; charset=UTF-8' }
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(value) }
}

export function xml(status: number, body: string, headers: Answer['headers'] = {}): Answer {
  const type = { 'content-type': 'application/xml; charset=UTF-8' }
  return {
    status,
    headers: { ...type, ...headers },
    body: `<?xml version='1.0' encoding='UTF-8'?>${body}`,
  }
}

export function empty(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers: { 'content-length': 0, ...headers } }
}

export async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function readJson(body: AsyncIterable<Buffer>): Promise<JsonObject> {
  return parseJson((await readAll(body)).toString('utf8'))
}

export function parseJson(text: string): JsonObject {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw parseError()
  }
  if (!isObject(value)) throw parseError()
  return value
}

function parseError() {
  return invalid('Parse Error: the request body is not a JSON object.')
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that should be text; anything else counts as missing. */
export function textOf(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

export async function* bodyOf(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes
}

/** A whole number from a query parameter or header, or undefined where there is none. */
export function wholeNumber(name: string, text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text === '') return undefined
  if (!/^\d{1,16}$/.test(text)) throw invalid(`Invalid value for ${name}: a number is expected.`)
  return Number(text)
}
