// Whose name a store is used in. What is said of this very store comes first, then the environment, then
// Google's application default credentials (gcloud's file, workload identity, the metadata server), which
// only a process with a file system asks for. HMAC keys sign without the cost of RSA, and sign only:
// transfers want a token.

import type { KeyObject } from 'node:crypto'
import { createPrivateKey } from 'node:crypto'
import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import type { CredentialSource } from '../../signer.ts'
import type { AccessToken } from './access-token.ts'
import { SCOPE, serviceAccountToken } from './access-token.ts'
import type { SigningKey } from './signing-key.ts'
import { hmacKey, remoteKey, rsaKey } from './signing-key.ts'

const SET_CREDENTIALS =
  'set GOOGLE_APPLICATION_CREDENTIALS to a key file, GOOGLE_CREDENTIALS_JSON to its content, or GCS_HMAC_ACCESS_ID and GCS_HMAC_SECRET to sign URLs alone'

export interface GcsIdentity {
  accessToken: CredentialSource<AccessToken> | null
  signingKey: CredentialSource<SigningKey>
}

interface Account {
  accessToken: CredentialSource<AccessToken>
  signingKey: CredentialSource<SigningKey>
}

export function gcsIdentity(opening: Opening, endpoint: string): GcsIdentity {
  const { env } = opening.platform
  const given = opening.options.credentials ?? {}
  const ownAccount = findAccount(opening, endpoint, given.credentialsJson, given.credentialsFile)
  const account =
    ownAccount ??
    findAccount(
      opening,
      endpoint,
      env['GOOGLE_CREDENTIALS_JSON'],
      env['GOOGLE_APPLICATION_CREDENTIALS'],
    )
  const ownHmac = findHmac(opening, given.accessKeyId, given.secretAccessKey)
  const hmac =
    ownHmac ??
    (ownAccount ? undefined : findHmac(opening, env['GCS_HMAC_ACCESS_ID'], env['GCS_HMAC_SECRET']))
  return withDefaults(opening, endpoint, account, hmac)
}

function withDefaults(
  opening: Opening,
  endpoint: string,
  account: Account | undefined,
  hmac: CredentialSource<SigningKey> | undefined,
): GcsIdentity {
  if (account) return { ...account, signingKey: hmac ?? account.signingKey }
  const { name, platform } = opening
  const missing = () => {
    throw unauthenticated(name, `${name} has no Google credentials; ${SET_CREDENTIALS}.`)
  }
  if (platform.env['STORAGE_EMULATOR_HOST']) {
    return { accessToken: null, signingKey: hmac ?? missing }
  }
  if (platform.fileSystem) {
    const found = defaultAccount(opening, endpoint, undefined)
    return { ...found, signingKey: hmac ?? found.signingKey }
  }
  return hmac ? { accessToken: missing, signingKey: hmac } : missing()
}

function findHmac(
  opening: Opening,
  accessId: string | undefined,
  secret: string | undefined,
): CredentialSource<SigningKey> | undefined {
  if (!accessId && !secret) return undefined
  if (!accessId || !secret) {
    const half = accessId ? 'secret' : 'access id'
    throw unauthenticated(
      opening.name,
      `The HMAC key of ${opening.name} lacks its ${half}; give both.`,
    )
  }
  const key = hmacKey(accessId, secret)
  return () => key
}

function findAccount(
  opening: Opening,
  endpoint: string,
  json: string | undefined,
  file: string | undefined,
): Account | undefined {
  if (json) return accountFrom(opening, endpoint, json, 'its credentials JSON')
  if (!file) return undefined
  if (!opening.platform.fileSystem) {
    throw unauthenticated(
      opening.name,
      `${opening.name} names the credentials file ${file}, and there are no files here; give its content as GOOGLE_CREDENTIALS_JSON.`,
    )
  }
  return fileAccount(opening, endpoint, file)
}

/** Read when first needed, once; a file that could not be read is tried again. */
function fileAccount(opening: Opening, endpoint: string, file: string): Account {
  let account: Account | undefined
  const load = async () => {
    const json = await readCredentialsFile(opening.name, file)
    return (account ??= accountFrom(opening, endpoint, json, file))
  }
  return {
    accessToken: () => account?.accessToken() ?? load().then((loaded) => loaded.accessToken()),
    signingKey: () => account?.signingKey() ?? load().then((loaded) => loaded.signingKey()),
  }
}

async function readCredentialsFile(store: string, file: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new StorageError(
      'unauthenticated',
      `The credentials file ${file} of ${store} cannot be read; check the path and its permissions.`,
      { store, cause },
    )
  }
}

function accountFrom(opening: Opening, endpoint: string, json: string, from: string): Account {
  const content = parseCredentials(opening.name, json, from)
  if (content['type'] !== 'service_account') return defaultAccount(opening, endpoint, content)
  const clientEmail = content['client_email']
  const pem = content['private_key']
  if (typeof clientEmail !== 'string' || typeof pem !== 'string') {
    throw unauthenticated(
      opening.name,
      `${from} of ${opening.name} is no service account's key: client_email or private_key is missing; download the key again.`,
    )
  }
  const privateKey = readPrivateKey(opening.name, pem, from)
  const key = rsaKey(clientEmail, privateKey)
  const keyId = content['private_key_id']
  const tokenUri = content['token_uri']
  const accessToken = serviceAccountToken(
    {
      store: opening.name,
      clientEmail,
      privateKey,
      privateKeyId: typeof keyId === 'string' ? keyId : undefined,
      tokenUri: typeof tokenUri === 'string' ? tokenUri : 'https://oauth2.googleapis.com/token',
    },
    () => opening.platform.now(),
  )
  return { accessToken, signingKey: () => key }
}

function parseCredentials(store: string, json: string, from: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(json)
    if (typeof content === 'object' && content !== null) return { ...content }
  } catch {
    // The parser quotes what it could not read, which may be a secret.
  }
  throw unauthenticated(
    store,
    `${from} of ${store} is not a JSON object; use a key file as Google gives it.`,
  )
}

function readPrivateKey(store: string, pem: string, from: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw unauthenticated(
      store,
      `The private_key in ${from} of ${store} is not a PEM key; check that its line breaks survived.`,
    )
  }
}

/** Everything that google-auth-library knows, loaded when first needed; it caches and refreshes by itself. */
function defaultAccount(
  opening: Opening,
  endpoint: string,
  content: Record<string, unknown> | undefined,
): Account {
  const { name } = opening
  let loading: ReturnType<typeof loadGoogleAuth> | undefined
  const load = () => (loading ??= loadGoogleAuth(content))
  const accessToken = async (): Promise<AccessToken> => {
    const auth = await load()
    const client = await auth.getClient().catch((cause: unknown) => fail(name, cause))
    const { token } = await client.getAccessToken().catch((cause: unknown) => fail(name, cause))
    if (!token) return fail(name, undefined)
    const endsAt = client.credentials.expiry_date
    return { value: token, expiresAt: endsAt ? new Date(endsAt) : undefined }
  }
  let key: SigningKey | undefined
  const findKey = async (): Promise<SigningKey> => {
    const auth = await load()
    const found = await auth.getCredentials().catch((cause: unknown) => fail(name, cause))
    if (found.client_email) {
      return (key = remoteKey(name, found.client_email, iamOrigin(endpoint), accessToken))
    }
    throw unauthenticated(
      name,
      `The Google credentials of ${name} are a person's, which cannot sign URLs; use a service account or HMAC keys.`,
    )
  }
  return { accessToken, signingKey: () => key ?? findKey() }
}

async function loadGoogleAuth(content: Record<string, unknown> | undefined) {
  const { GoogleAuth } = await import('./google-auth.ts')
  return new GoogleAuth({ scopes: SCOPE, ...(content && { credentials: content }) })
}

/** The library's own words may quote what it sent, so they are only the cause. */
function fail(store: string, cause: unknown): never {
  throw new StorageError(
    'unauthenticated',
    `Google's authentication gave no access token for ${store}; log in with gcloud auth application-default login, or ${SET_CREDENTIALS}.`,
    { store, cause },
  )
}

/** `storage.` names storage's host in every universe of Google's; any other endpoint stands in for IAM as well. */
function iamOrigin(endpoint: string): string {
  const { origin, hostname } = new URL(endpoint)
  return hostname.startsWith('storage.') ? `https://iamcredentials.${hostname.slice(8)}` : origin
}

function unauthenticated(store: string, message: string): StorageError {
  return new StorageError('unauthenticated', message, { store })
}
