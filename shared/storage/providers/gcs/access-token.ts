// OAuth access tokens: a service account's, by the JWT bearer grant at the `token_uri` of its own key file.
// google-auth-library would ask Google's public address whatever the file says, which is wrong for a
// sovereign cloud, and it costs a Worker its import; every other kind of credential is left to it.
// https://developers.google.com/identity/protocols/oauth2/service-account

import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { sign } from 'node:crypto'
import { StorageError } from '../../errors.ts'
import type { CredentialSource } from '../../signer.ts'
import { keepUntilExpiry } from '../expiring.ts'
import { callGoogle } from './google-call.ts'

/** What transfers need, and what `signBlob` asks for. */
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ASSERTION_SECONDS = 3600

export interface AccessToken {
  value: string
  expiresAt: Date | undefined
}

export interface ServiceAccount {
  store: string
  clientEmail: string
  privateKey: KeyObject
  privateKeyId: string | undefined
  tokenUri: string
}

export function serviceAccountToken(
  account: ServiceAccount,
  now: () => number,
): CredentialSource<AccessToken> {
  return keepUntilExpiry(() => fetchToken(account, now()), {
    endOf: ({ expiresAt }) => expiresAt?.getTime(),
    now,
  })
}

async function fetchToken(account: ServiceAccount, nowMs: number): Promise<AccessToken> {
  const answer = await callGoogle(account.store, account.tokenUri, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: GRANT, assertion: assertion(account, nowMs) }),
  })
  const value = answer['access_token']
  if (typeof value !== 'string') throw withoutToken(account)
  const lifetimeSeconds = Number(answer['expires_in'] ?? ASSERTION_SECONDS)
  return {
    value,
    expiresAt: new Date(nowMs + lifetimeSeconds * 1000),
  }
}

function withoutToken({ store, tokenUri }: ServiceAccount): StorageError {
  const message = `${new URL(tokenUri).origin} answered ${store} without an access token; check the token_uri of its key file.`
  return new StorageError('unauthenticated', message, { store })
}

function assertion(account: ServiceAccount, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000)
  const head = encode({ alg: 'RS256', typ: 'JWT', kid: account.privateKeyId })
  const claims = encode({
    iss: account.clientEmail,
    scope: SCOPE,
    aud: account.tokenUri,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_SECONDS,
  })
  const text = `${head}.${claims}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), account.privateKey).toString('base64url')}`
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
