// A request as Node's server read it. Method, address, headers and a body read whole are had from the message
// itself; for all else the web's own class is made of it, which Node loads at its first use, and that takes
// longer than all of Skein.

import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { IncomingHeaders } from './incoming-headers.ts'

type Bytes = Uint8Array<ArrayBuffer>

export class IncomingRequest implements Request {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly #message: IncomingMessage
  readonly #answer: ServerResponse
  #taken = false
  #whole: Request | undefined
  #closing: AbortController | undefined

  constructor(message: IncomingMessage, answer: ServerResponse, url: string) {
    this.#message = message
    this.#answer = answer
    this.method = message.method ?? 'GET'
    this.url = url
    this.headers = new IncomingHeaders(message)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.bytes()
    if (byteLength === buffer.byteLength) return buffer
    return buffer.slice(byteOffset, byteOffset + byteLength)
  }

  async bytes(): Promise<Bytes> {
    if (this.#whole) return this.#whole.bytes()
    if (this.#taken) throw new TypeError('Body is unusable: it has been read already.')
    this.#taken = true
    return readAll(this.#message)
  }

  async text(): Promise<string> {
    if (this.#whole) return this.#whole.text()
    return new TextDecoder().decode(await this.bytes())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  get bodyUsed(): boolean {
    return this.#whole?.bodyUsed ?? this.#taken
  }

  get body(): ReadableStream<Bytes> | null {
    return this.#native.body
  }

  blob(): Promise<Blob> {
    return this.#native.blob()
  }

  formData(): Promise<FormData> {
    return this.#native.formData()
  }

  clone(): Request {
    return this.#native.clone()
  }

  /** Aborts when the client goes before it is answered. */
  get signal(): AbortSignal {
    if (this.#closing === undefined) {
      const closing = new AbortController()
      this.#closing = closing
      this.#answer.once('close', () => this.#answer.writableFinished || closing.abort())
    }
    return this.#closing.signal
  }

  // What a server's request is by its nature.
  readonly cache = 'default'
  readonly credentials = 'same-origin'
  readonly destination = ''
  readonly integrity = ''
  readonly keepalive = false
  readonly mode = 'cors'
  readonly redirect = 'follow'
  readonly referrer = 'about:client'
  readonly referrerPolicy = ''

  get #native(): Request {
    return (this.#whole ??= this.#make())
  }

  #make(): Request {
    if (this.#taken) throw new TypeError('Body is unusable: it has been read already.')
    const { method, headers, signal, url } = this
    const bodiless = method === 'GET' || method === 'HEAD'
    const body = bodiless ? null : (Readable.toWeb(this.#message) as ReadableStream<Bytes>)
    // The server's streams are half duplex, and the web's class wants that said.
    return new Request(url, { method, headers, signal, body, ...{ duplex: 'half' } })
  }
}

function readAll(message: IncomingMessage): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer<ArrayBuffer>[] = []
    const broken = () => reject(message.errored ?? new Error('The client broke off.'))
    message.on('data', (chunk: Buffer<ArrayBuffer>) => void chunks.push(chunk))
    message.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    message.once('error', reject)
    // Every message closes; an error made for one that came whole would cost more than the rest.
    message.once('close', () => message.readableEnded || broken())
    // It may have gone before anybody listened.
    if (message.destroyed && !message.readable) broken()
  })
}

/** Nothing that the web would write in another way: a port of its own, a number that is an address, a dot. */
const PLAIN_HOST =
  /^(?!.*xn--)(127\.0\.0\.1|([a-z0-9-]+\.)*[a-z][a-z0-9-]*)(:([1-5]\d{3,4}|[6-9]\d{3}))?$/
const PLAIN_TARGET = /^\/[\w!$&()*+,;=:@~%/?.-]*$/
const DOT_SEGMENT = /\/\.{1,2}([/?]|$)|%2e/i
const NO_HOST = /[\s/?#@\\]/

/** Where the request goes, as the web writes addresses; undefined for one that has none. */
export function addressOf({ url: target = '', headers }: IncomingMessage): string | undefined {
  const { host = '' } = headers
  if (PLAIN_HOST.test(host) && PLAIN_TARGET.test(target) && !DOT_SEGMENT.test(target)) {
    return `http://${host}${target}`
  }
  // A backslash would pass for a slash.
  if (target.split('?', 1)[0]!.includes('\\')) return undefined
  // A proxy's client writes the whole address, and that holds.
  if (/^https?:\/\//.test(target)) return URL.parse(target)?.href
  if (!target.startsWith('/') || host === '' || NO_HOST.test(host)) return undefined
  return URL.parse(`http://${host}${target}`)?.href
}
