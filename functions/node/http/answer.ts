// Answers of Node's server. One that is made here is written from its parts as they were given, without the
// web's own class, which is made of it for whoever asks for more; every other `Response` is written as well.

import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AnswerInit } from '#shared/platform.ts'

type Bytes = Uint8Array<ArrayBuffer>
type Fields = AnswerInit['headers']

interface Parts {
  status: number
  headers: Fields
  body: string | ReadableStream<Bytes> | null
}

/** A `Response` of text, or without a body. */
export class Answer implements Response {
  readonly status: number
  readonly statusText = ''
  readonly redirected = false
  readonly type = 'default'
  readonly url = ''
  readonly #body: string | null
  readonly #headers: Fields
  #whole: Response | undefined

  constructor(body: string | null, { status, headers }: AnswerInit) {
    this.status = status
    this.#body = body
    this.#headers = headers
  }

  static partsOf(response: Response): Parts {
    if (#body in response && response.#whole === undefined) {
      return { status: response.status, headers: response.#headers, body: response.#body }
    }
    const { status, headers, body } = response
    return { status, headers: Object.fromEntries(headers), body }
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    return this.#native.headers
  }

  get body(): ReadableStream<Bytes> | null {
    return this.#native.body
  }

  get bodyUsed(): boolean {
    return this.#native.bodyUsed
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#native.arrayBuffer()
  }

  blob(): Promise<Blob> {
    return this.#native.blob()
  }

  bytes(): Promise<Bytes> {
    return this.#native.bytes()
  }

  clone(): Response {
    return this.#native.clone()
  }

  formData(): Promise<FormData> {
    return this.#native.formData()
  }

  json(): Promise<unknown> {
    return this.#native.json()
  }

  text(): Promise<string> {
    return this.#native.text()
  }

  get #native(): Response {
    return (this.#whole ??= new Response(this.#body, {
      status: this.status,
      headers: this.#headers,
    }))
  }
}

/** Resolves when all is handed over, or the client has gone; what breaks off is broken off for the client. */
export async function writeAnswer(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, headers, body } = Answer.partsOf(response)
  if (body === null || typeof body === 'string') {
    outgoing.writeHead(status, withLength(headers, body, status, outgoing))
    outgoing.end(body ?? '')
    return
  }
  outgoing.writeHead(status, headers)
  outgoing.flushHeaders()
  await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), outgoing).catch(
    () => undefined,
  )
}

/** Where it is known: without it, Node sends in chunks. What has no body may tell the length that it would have. */
function withLength(
  headers: Fields,
  body: string | null,
  status: number,
  { req: { method } }: ServerResponse,
): Fields {
  const bodiless = status === 204 || status === 304 || (body === null && method === 'HEAD')
  if (bodiless || headers['content-length'] !== undefined) return headers
  return { ...headers, 'content-length': String(Buffer.byteLength(body ?? '')) }
}
