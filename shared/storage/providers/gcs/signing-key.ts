// What a V4 signature is made with: an HMAC key, a service account's RSA key, or IAM on behalf of an account
// whose key nobody holds. The first costs 20 microseconds, the second 0.3 ms of CPU whatever is done, the
// third a request for each URL.

import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { sign as signWith } from 'node:crypto'
import type { Scope, Timestamp } from '#shared/wire/sigv4.ts'
import { GOOG4_HMAC, GOOG4_RSA, sign, signingKeys } from '#shared/wire/sigv4.ts'
import { StorageError } from '../../errors.ts'
import type { CredentialSource } from '../../signer.ts'
import type { AccessToken } from './access-token.ts'
import { callGoogle } from './google-call.ts'

export interface SigningKey {
  scope: Scope
  /** Access id or e-mail address: the head of the credential. */
  id: string
  /** In hexadecimal. */
  sign(text: string, at: Timestamp): string | Promise<string>
  /** Google may retire the key behind the signature after this long; absent: it lives until someone retires it. */
  lastsSeconds?: number
}

const HMAC_SCOPE: Scope = { scheme: GOOG4_HMAC, region: 'auto', service: 'storage' }
const RSA_SCOPE: Scope = { scheme: GOOG4_RSA, region: 'auto', service: 'storage' }

export function hmacKey(id: string, secret: string): SigningKey {
  const keyOf = signingKeys(HMAC_SCOPE)
  return { scope: HMAC_SCOPE, id, sign: (text, at) => sign(keyOf(secret, at), text) }
}

export function rsaKey(clientEmail: string, privateKey: KeyObject): SigningKey {
  return {
    scope: RSA_SCOPE,
    id: clientEmail,
    sign: (text) => signWith('RSA-SHA256', Buffer.from(text), privateKey).toString('hex'),
  }
}

/** A key that Google manages may be gone after 12 hours: https://cloud.google.com/sdk/gcloud/reference/storage/sign-url */
const MANAGED_KEY_SECONDS = 12 * 3600

/** https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob */
export function remoteKey(
  store: string,
  clientEmail: string,
  iamOrigin: string,
  accessToken: CredentialSource<AccessToken>,
): SigningKey {
  const account = encodeURIComponent(clientEmail)
  return {
    scope: RSA_SCOPE,
    id: clientEmail,
    lastsSeconds: MANAGED_KEY_SECONDS,
    async sign(text) {
      const token = await accessToken()
      const url = `${iamOrigin}/v1/projects/-/serviceAccounts/${account}:signBlob`
      const answer = await callGoogle(store, url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token.value}`, 'content-type': 'application/json' },
        body: JSON.stringify({ payload: Buffer.from(text).toString('base64') }),
      })
      const signature = answer['signedBlob']
      if (typeof signature === 'string') return Buffer.from(signature, 'base64').toString('hex')
      throw new StorageError('internal', `IAM gave ${store} an answer without a signature.`, {
        store,
      })
    },
  }
}
