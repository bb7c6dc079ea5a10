// What the server's own tests send with: requests signed by aws4fetch, an implementation that shares
// nothing with the server's, and requests put together by hand over node:http.

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { AwsClient } from 'aws4fetch'
import { testCredential } from './server.ts'
import type { Credential } from './state.ts'

export type RawRequest = {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export type RawAnswer = {
  status: number
  headers: Headers
  bytes: Buffer
  text: string
  /** The code of an error document. */
  code: string | undefined
}

export type RawClient = (path: string, request?: RawRequest) => Promise<RawAnswer>

/** Signs in headers; `path` begins with a slash and is encoded already. */
export function createRawClient(
  url: string,
  credential: Credential = testCredential,
  region = 'us-east-1',
): RawClient {
  const client = new AwsClient({ ...credential, service: 's3', region, retries: 0 })
  return async (path, request = {}) => {
    const signed = await client.sign(url + path, {
      method: request.method ?? 'GET',
      headers: request.headers ?? {},
      ...(request.body === undefined ? {} : { body: Buffer.from(request.body) }),
      aws: { allHeaders: true },
    })
    return toAnswer(await fetch(signed, { redirect: 'manual' }))
  }
}

/** Presigns with aws4fetch: every header given is signed too. */
export async function presign(
  url: string,
  request: RawRequest & { expiresInSeconds?: number; datetime?: string } = {},
  credential: Credential = testCredential,
): Promise<string> {
  const client = new AwsClient({ ...credential, service: 's3', region: 'us-east-1' })
  const target = new URL(url)
  target.searchParams.set('X-Amz-Expires', String(request.expiresInSeconds ?? 900))
  const signed = await client.sign(target, {
    method: request.method ?? 'GET',
    headers: request.headers ?? {},
    aws: {
      signQuery: true,
      allHeaders: true,
      ...(request.datetime === undefined ? {} : { datetime: request.datetime }),
    },
  })
  return signed.url
}

export async function send(url: string, init: RequestInit = {}): Promise<RawAnswer> {
  return toAnswer(await fetch(url, { redirect: 'manual', ...init }))
}

async function toAnswer(response: Response): Promise<RawAnswer> {
  return describe(response.status, response.headers, Buffer.from(await response.arrayBuffer()))
}

function describe(status: number, headers: Headers, bytes: Buffer): RawAnswer {
  const text = bytes.toString('utf8')
  return { status, headers, bytes, text, code: /<Code>([^<]+)<\/Code>/.exec(text)?.[1] }
}

export type WireRequest = RawRequest & { port: number; path: string }

/** Exactly these bytes of a path and these headers, which fetch would normalise or refuse. */
export async function sendByHand(wire: WireRequest): Promise<RawAnswer> {
  const { port, path, method = 'GET', headers = {}, body } = wire
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  request.end(body)
  const response = await answered
  const bytes = await buffer(response)
  if (!request.closed) await once(request, 'close')
  const pairs = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  return describe(response.statusCode ?? 0, new Headers(pairs), bytes)
}

export function textBetween(text: string, tag: string): string[] {
  return [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(
    (match) => match[1] ?? '',
  )
}
