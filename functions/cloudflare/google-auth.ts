// Stands in for `google-auth-library` in a Worker, which would compile a quarter of a megabyte of it at each start.
// A Worker is given its credentials, so what machines and profiles would be asked for is left out. What is left:
// a person's, a workload's of another cloud or company, and either of them as a service account.
// https://cloud.google.com/docs/authentication/application-default-credentials, https://google.aip.dev/auth

import { Buffer } from 'node:buffer'
import { createPrivateKey } from 'node:crypto'
import { serviceAccountToken } from '#shared/storage/providers/gcs/access-token.ts'
import { callGoogle } from '#shared/storage/providers/gcs/google-call.ts'

const TOKEN_URI = 'https://oauth2.googleapis.com/token'
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const LIFETIME_SECONDS = 3600
/** A token that ends sooner is not worth handing out. */
const RENEWED_BEFORE_MILLISECONDS = 300_000
/** Who is asked, in the words of an error that others only keep as the cause of theirs. */
const WHO = 'google-auth'

type Fields = Readonly<Record<string, unknown>>

interface Granted {
  token: string
  endsAt: number
}

interface Client {
  /** Of the last token. */
  credentials: { expiry_date?: number }
  getAccessToken(): Promise<{ token: string }>
}

export class GoogleAuth {
  readonly #scope: string
  readonly #given: Fields
  #client: Client | undefined

  constructor({ scopes, credentials = {} }: { scopes: string; credentials?: Fields }) {
    this.#scope = scopes
    this.#given = credentials
  }

  async getClient(): Promise<Client> {
    return (this.#client ??= keeping(() => grant(this.#given, this.#scope)))
  }

  async getAccessToken(): Promise<string> {
    return (await (await this.getClient()).getAccessToken()).token
  }

  /** The service account that it is, where it is one. */
  async getCredentials(): Promise<{ client_email?: string }> {
    const url = optional(this.#given, 'service_account_impersonation_url') ?? ''
    const [, email] = /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url) ?? []
    return email === undefined ? {} : { client_email: email }
  }
}

function keeping(fetchToken: () => Promise<Granted>): Client {
  let kept: Granted | undefined
  let asking: Promise<Granted> | undefined
  const credentials: Client['credentials'] = {}
  return {
    credentials,
    async getAccessToken() {
      if (kept === undefined || kept.endsAt - Date.now() < RENEWED_BEFORE_MILLISECONDS) {
        kept = await (asking ??= fetchToken().finally(() => (asking = undefined)))
        credentials.expiry_date = kept.endsAt
      }
      return { token: kept.token }
    },
  }
}

async function grant(given: Fields, scope: string): Promise<Granted> {
  const url = optional(given, 'service_account_impersonation_url')
  if (url === undefined) return grantOwn(given, scope)
  const source = given['type'] === 'external_account' ? given : group(given, 'source_credentials')
  return impersonate(url, given, await grantOwn(source, CLOUD_PLATFORM), scope)
}

function grantOwn(given: Fields, scope: string): Promise<Granted> {
  const type = given['type']
  if (type === 'authorized_user') return refresh(given)
  if (type === 'external_account') return exchange(given, scope)
  if (type === 'service_account') return sign(given)
  throw new Error(`A Worker has no use for Google credentials of the type ${String(type)}.`)
}

/** Only as the source of another: by itself it never comes here. */
async function sign(given: Fields): Promise<Granted> {
  const account = {
    store: WHO,
    clientEmail: required(given, 'client_email'),
    privateKey: createPrivateKey(required(given, 'private_key')),
    privateKeyId: optional(given, 'private_key_id'),
    tokenUri: optional(given, 'token_uri') ?? TOKEN_URI,
  }
  const { value, expiresAt } = await serviceAccountToken(account, Date.now)()
  return { token: value, endsAt: expiresAt?.getTime() ?? 0 }
}

async function refresh(given: Fields): Promise<Granted> {
  return granted(
    await callGoogle(WHO, optional(given, 'token_uri') ?? TOKEN_URI, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: required(given, 'client_id'),
        client_secret: required(given, 'client_secret'),
        refresh_token: required(given, 'refresh_token'),
      }),
    }),
  )
}

/** https://datatracker.ietf.org/doc/html/rfc8693 */
async function exchange(given: Fields, scope: string): Promise<Granted> {
  const id = optional(given, 'client_id')
  const secret = optional(given, 'client_secret') ?? ''
  const project = optional(given, 'workforce_pool_user_project')
  const form = new URLSearchParams({
    grant_type: EXCHANGE,
    audience: required(given, 'audience'),
    scope,
    requested_token_type: ACCESS_TOKEN,
    subject_token: await subjectToken(group(given, 'credential_source')),
    subject_token_type: required(given, 'subject_token_type'),
  })
  // It says whose project it is, unless the client's own name does.
  if (project !== undefined && id === undefined)
    form.set('options', JSON.stringify({ userProject: project }))
  const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return granted(
    await callGoogle(WHO, required(given, 'token_url'), {
      method: 'POST',
      body: form,
      ...(id !== undefined && { headers: { authorization: basic } }),
    }),
  )
}

/** From an address alone: a Worker has no file and no machine to ask for it. */
async function subjectToken(source: Fields): Promise<string> {
  const url = required(source, 'url')
  const format = source['format'] === undefined ? {} : group(source, 'format')
  const headers = source['headers'] === undefined ? {} : group(source, 'headers')
  const answer = await fetch(url, { headers: headers as Record<string, string> })
  if (!answer.ok) throw new Error(`${new URL(url).origin} gave no subject token: ${answer.status}.`)
  if (format['type'] !== 'json') return answer.text()
  return required((await answer.json()) as Fields, required(format, 'subject_token_field_name'))
}

/** https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken */
async function impersonate(
  url: string,
  given: Fields,
  source: Granted,
  scope: string,
): Promise<Granted> {
  const { token_lifetime_seconds: seconds = LIFETIME_SECONDS } =
    given['service_account_impersonation'] === undefined
      ? {}
      : group(given, 'service_account_impersonation')
  const answer = await callGoogle(WHO, url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${source.token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      scope: [scope],
      lifetime: `${Number(seconds)}s`,
      delegates: given['delegates'] ?? [],
    }),
  })
  return {
    token: required(answer, 'accessToken'),
    endsAt: Date.parse(required(answer, 'expireTime')),
  }
}

function granted(answer: Fields): Granted {
  const seconds = Number(answer['expires_in'] ?? LIFETIME_SECONDS)
  return { token: required(answer, 'access_token'), endsAt: Date.now() + seconds * 1000 }
}

function optional(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function required(fields: Fields, name: string): string {
  const value = optional(fields, name)
  if (value === undefined) throw new Error(`The Google credentials have no ${name}.`)
  return value
}

function group(fields: Fields, name: string): Fields {
  const value = fields[name]
  if (typeof value === 'object' && value !== null) return { ...value }
  throw new Error(`The Google credentials have no ${name}.`)
}
