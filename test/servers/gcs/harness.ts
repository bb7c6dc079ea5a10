/**
 * What the server's own tests share: a server on a free port, a token for it, raw requests
 * that keep the path and the Host header as given, and a V4 signer of their own.
 */
import { createHash, createHmac, createSign } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { GcsServer, GcsServerOptions } from './server.ts'
import { startGcsServer } from './server.ts'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly text: string
}

export interface RawRequest {
  readonly method?: string
  /** Path and query, sent as they are. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Harness {
  readonly server: GcsServer
  readonly token: string
  /** With the bearer token. */
  api(request: RawRequest): Promise<Reply>
  /** Without any credential but those in the request. */
  raw(request: RawRequest): Promise<Reply>
  put(bucket: string, name: string, body: string | Uint8Array): Promise<Record<string, string>>
  control(method: string, path: string, body?: unknown): Promise<Reply>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startHarness(options: GcsServerOptions = {}): Promise<Harness> {
  const server = await startGcsServer(options)
  const raw = (request: RawRequest) => sendRaw(server.port, request)
  const nowMs = options.now ? options.now() : Date.now()
  const token = await fetchToken(server, nowMs)
  const api = (request: RawRequest) =>
    raw({ ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } })
  return {
    server,
    token,
    api,
    raw,
    put: async (bucket, name, body) => {
      const target = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`
      const reply = await api({ method: 'POST', target, body })
      if (reply.status !== 200) throw new Error(`put ${name}: ${reply.status} ${reply.text}`)
      return jsonOf(reply)
    },
    control: async (method, path, body) => {
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const reply = await raw({ method, target: `/__control/${path}`, ...text })
      if (reply.status >= 300) throw new Error(`control ${path}: ${reply.status} ${reply.text}`)
      return reply
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

export function jsonOf(reply: Reply) {
  return JSON.parse(reply.text)
}

export function sendRaw(port: number, wanted: RawRequest): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const body = wanted.body === undefined ? undefined : Buffer.from(wanted.body)
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      method: wanted.method ?? 'GET',
      path: wanted.target,
      headers: { ...length, ...wanted.headers },
      agent: false,
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: bytes,
          text: bytes.toString('utf8'),
        })
      })
    })
    sent.end(body)
  })
}

export function makeAssertion(
  account: { client_email: string; private_key: string },
  claims: Record<string, unknown>,
): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode({ iss: account.client_email, ...claims })}`
  const signature = createSign('RSA-SHA256').update(signed).sign(account.private_key, 'base64url')
  return `${signed}.${signature}`
}

export function exchange(server: GcsServer, form: Record<string, string>): Promise<Reply> {
  return sendRaw(server.port, {
    method: 'POST',
    target: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

export const PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export async function fetchToken(
  server: GcsServer,
  nowMs: number,
  scope = PLATFORM,
): Promise<string> {
  const iat = Math.floor(nowMs / 1000)
  const claims = { aud: server.serviceAccount.token_uri, scope, iat, exp: iat + 3600 }
  const assertion = makeAssertion(server.serviceAccount, claims)
  const reply = await exchange(server, { grant_type: JWT_BEARER, assertion })
  return String(jsonOf(reply).access_token)
}

export interface SignOptions {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly expires?: number
  readonly atMs?: number
  readonly payload?: string
  readonly scopeDate?: string
}

export type SignKey =
  | { readonly kind: 'rsa'; readonly id: string; readonly pem: string }
  | { readonly kind: 'goog' | 'aws'; readonly id: string; readonly secret: string }

const KINDS = {
  rsa: { algorithm: 'GOOG4-RSA-SHA256', vendor: 'X-Goog', scope: 'auto/storage/goog4_request' },
  goog: { algorithm: 'GOOG4-HMAC-SHA256', vendor: 'X-Goog', scope: 'auto/storage/goog4_request' },
  aws: { algorithm: 'AWS4-HMAC-SHA256', vendor: 'X-Amz', scope: 'auto/s3/aws4_request' },
}

export function encodeText(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Path and query of a signed URL. */
export function signTarget(key: SignKey, options: SignOptions): string {
  const { algorithm, vendor, scope: tail } = KINDS[key.kind]
  const date = stamp(options.atMs ?? Date.now())
  const scope = `${options.scopeDate ?? date.slice(0, 8)}/${tail}`
  const headers = { ...options.headers, host: options.host }
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  const query = canonicalQuery({
    ...options.query,
    [`${vendor}-Algorithm`]: algorithm,
    [`${vendor}-Credential`]: `${key.id}/${scope}`,
    [`${vendor}-Date`]: date,
    [`${vendor}-Expires`]: String(options.expires ?? 900),
    [`${vendor}-SignedHeaders`]: names.toSorted().join(';'),
  })
  const hash = hashCanonical(options.method, options.path, query, headers, options.payload)
  const text = [algorithm, date, scope, hash].join('\n')
  return `${options.path}?${query}&${vendor}-Signature=${signText(key, scope, text)}`
}

/** The headers of a request signed in its Authorization header. */
export function signHeaders(
  key: SignKey,
  options: SignOptions & { payload: string },
): Record<string, string> {
  const { algorithm, vendor, scope: tail } = KINDS[key.kind]
  const prefix = vendor.toLowerCase()
  const date = stamp(options.atMs ?? Date.now())
  const scope = `${date.slice(0, 8)}/${tail}`
  const headers: Record<string, string> = {
    ...options.headers,
    host: options.host,
    [`${prefix}-date`]: date,
    [`${prefix}-content-sha256`]: options.payload,
  }
  const query = canonicalQuery(options.query ?? {})
  const hash = hashCanonical(options.method, options.path, query, headers, options.payload)
  const signature = signText(key, scope, [algorithm, date, scope, hash].join('\n'))
  const names = Object.keys(headers).toSorted().join(';')
  const authorization = `${algorithm} Credential=${key.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...headers, authorization }
}

export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeText(name)}=${encodeText(value)}`)
    .toSorted()
    .join('&')
}

function hashCanonical(
  method: string,
  path: string,
  query: string,
  headers: Readonly<Record<string, string>>,
  payload = 'UNSIGNED-PAYLOAD',
): string {
  const sorted = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.map(([name, value]) => `${name}:${value}\n`).join('')
  const names = sorted.map(([name]) => name).join(';')
  const request = [method, path, query, lines, names, payload].join('\n')
  return createHash('sha256').update(request).digest('hex')
}

export function signText(key: SignKey, scope: string, text: string): string {
  if (key.kind === 'rsa') return createSign('RSA-SHA256').update(text).sign(key.pem, 'hex')
  const prefix = key.kind === 'aws' ? 'AWS4' : 'GOOG4'
  const secret = scope
    .split('/')
    .reduce<Buffer>((now, part) => hmac(now, part), Buffer.from(`${prefix}${key.secret}`))
  return hmac(secret, text).toString('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
