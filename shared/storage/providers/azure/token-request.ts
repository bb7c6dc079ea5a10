// One request for a token, over HTTP: a short time limit, the few shapes in which servers tell a token's
// end, and errors that name who refused but hold nothing of what was sent or received.

import { StorageError } from '../../errors.ts'
import type { AccessToken, TokenContext } from './tokens.ts'

export const STORAGE_RESOURCE = 'https://storage.azure.com'

export interface TokenRequest {
  /** Who is asked, for messages. */
  server: string
  url: string
  init: RequestInit
  timeoutSeconds: number
}

/** What the server said; undefined when there is nobody at the address. */
export async function askForToken(
  request: TokenRequest,
): Promise<{ status: number; body: Record<string, unknown> } | undefined> {
  try {
    const response = await fetch(request.url, {
      ...request.init,
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeoutSeconds * 1000),
    })
    return { status: response.status, body: parseObject(await response.text()) }
  } catch {
    return undefined
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** `expires_on` is seconds since the epoch, as text or number; `expires_in` is seconds from now. */
export function readToken(body: Record<string, unknown>, now: number): AccessToken | undefined {
  const token = body['access_token']
  const on = Number(body['expires_on'] ?? Number.NaN)
  const seconds = Number.isFinite(on) ? on : now / 1000 + Number(body['expires_in'] ?? Number.NaN)
  if (typeof token !== 'string' || token === '' || !Number.isFinite(seconds)) return undefined
  return { token, expiresAt: Math.floor(seconds * 1000) }
}

export async function fetchToken(
  context: TokenContext,
  request: TokenRequest,
): Promise<AccessToken> {
  const answer = await askForToken(request)
  if (!answer) throw unreachable(context, request)
  const token = answer.status === 200 ? readToken(answer.body, context.platform.now()) : undefined
  if (token) return token
  throw refused(context, request, answer)
}

function unreachable(
  { store }: TokenContext,
  { server, timeoutSeconds }: TokenRequest,
): StorageError {
  return new StorageError(
    'unavailable',
    `${server} did not answer the request for a token of ${store} within ${timeoutSeconds} seconds; check that it can be reached.`,
    { store },
  )
}

export function refused(
  { store }: TokenContext,
  { server }: TokenRequest,
  { status, body }: { status: number; body: Record<string, unknown> },
): StorageError {
  if (status === 429 || status >= 500) {
    return new StorageError(
      status === 429 ? 'throttled' : 'unavailable',
      `${server} answered ${status} to the request for a token of ${store}; try again later.`,
      { store, status },
    )
  }
  return new StorageError(
    'unauthenticated',
    `${server} gave no token for ${store} (${status}${reason(body)}); check the identity that this machine is set up with.`,
    { store, status },
  )
}

/** Only the code: descriptions quote tenants, clients and trace ids. */
function reason(body: Record<string, unknown>): string {
  const description = typeof body['error_description'] === 'string' ? body['error_description'] : ''
  const code = /^AADSTS\d+/.exec(description)?.[0] ?? body['error']
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? ` ${code}` : ''
}
