/**
 * Who may call: OAuth access tokens (service-account assertion, refresh token, metadata
 * server) and the IAM call that signs for an account.
 * https://developers.google.com/identity/protocols/oauth2/service-account
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
 */
import { createHash, randomBytes, sign, verify } from 'node:crypto'
import type { Answer, Call, JsonObject } from './call.ts'
import { json, parseJson, readAll, readJson, textOf } from './call.ts'
import type { GcsError } from './errors.ts'
import { anonymous, denied, invalid, notFound, unauthenticated } from './errors.ts'
import type { AccessToken, Account, State } from './state.ts'

const TOKEN_SECONDS = 3600
const CLOCK_SKEW_SECONDS = 300
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token'
const PLATFORM_SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const STORAGE_SCOPE = 'https://www.googleapis.com/auth/devstorage.'

/** OAuth's own error shape, unlike both APIs'. */
class GrantError extends Error {
  readonly code: string

  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}

export async function answerToken(state: State, call: Call): Promise<Answer> {
  if (call.method !== 'POST') throw notFound()
  const form = new URLSearchParams((await readAll(call.body)).toString('utf8'))
  try {
    return json(200, grant(state, call, form), { 'cache-control': 'no-store' })
  } catch (error) {
    if (!(error instanceof GrantError)) throw error
    const status = error.code === 'invalid_client' ? 401 : 400
    return json(status, { error: error.code, error_description: error.message })
  }
}

function grant(state: State, call: Call, form: URLSearchParams): object {
  switch (form.get('grant_type')) {
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer': {
      const audiences: unknown[] = [`${call.origin}/token`, GOOGLE_TOKEN_URL]
      const isForUs = (audience: unknown) => audiences.includes(audience)
      const claims = checkAssertion(state, form.get('assertion') ?? '', isForUs)
      if (claims.scopes.length === 0) {
        throw new GrantError('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
      }
      return issue(state, claims.email, claims.scopes)
    }
    case 'refresh_token':
      return refresh(state, form)
    default:
      throw new GrantError('unsupported_grant_type', 'Invalid grant_type.')
  }
}

function refresh(state: State, form: URLSearchParams): object {
  const known = state.refreshTokens.get(form.get('refresh_token') ?? '')
  if (!known) throw new GrantError('invalid_grant', 'Bad Request')
  if (known.clientId !== form.get('client_id')) {
    throw new GrantError('invalid_client', 'The OAuth client was not found.')
  }
  if (known.clientSecret !== form.get('client_secret')) {
    throw new GrantError('invalid_client', 'The provided client secret is invalid.')
  }
  return issue(state, state.defaultAccount, [PLATFORM_SCOPE])
}

function issue(state: State, email: string, scopes: readonly string[]) {
  const token = `ya29.${randomBytes(24).toString('base64url')}`
  state.accessTokens.set(token, {
    email,
    scopes,
    expiresAtMs: state.now() + TOKEN_SECONDS * 1000,
  })
  return { access_token: token, expires_in: TOKEN_SECONDS - 1, token_type: 'Bearer' }
}

interface Claims {
  readonly email: string
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
}

function checkAssertion(
  state: State,
  assertion: string,
  isForUs: (audience: unknown) => boolean,
): Claims {
  const [head = '', body = '', signature = '', more] = assertion.split('.')
  const header = decodePart(head)
  const claims = decodePart(body)
  if (more !== undefined || header?.['alg'] !== 'RS256' || !claims) {
    throw new GrantError('invalid_request', 'Bad Request')
  }
  const account = state.accounts.get(String(claims['iss']))
  if (!account) throw new GrantError('invalid_grant', 'Invalid grant: account not found')
  const signed = Buffer.from(`${head}.${body}`)
  const genuine = verify(
    'RSA-SHA256',
    signed,
    account.publicKey,
    Buffer.from(signature, 'base64url'),
  )
  if (!genuine) throw new GrantError('invalid_grant', 'Invalid JWT Signature.')
  if (!isForUs(claims['aud'])) {
    throw new GrantError('invalid_grant', 'Invalid JWT: Failed audience check.')
  }
  const expiresAtMs = checkLifetime(state, claims)
  const scopes = textOf(claims['scope'])
    .split(' ')
    .filter((scope) => scope !== '')
  return { email: account.clientEmail, scopes, expiresAtMs }
}

function decodePart(part: string): JsonObject | undefined {
  try {
    return parseJson(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function checkLifetime(state: State, claims: JsonObject): number {
  const { iat, exp } = claims
  const now = state.now() / 1000
  const reasonable =
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    iat <= now + CLOCK_SKEW_SECONDS &&
    exp > now &&
    exp - iat <= TOKEN_SECONDS
  if (!reasonable) {
    throw new GrantError(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable ' +
        'timeframe. Check your iat and exp values in the JWT claim.',
    )
  }
  return exp * 1000
}

/** The caller behind a bearer token: an access token, or an assertion the account signed itself. */
export function authenticateBearer(state: State, call: Call): AccessToken {
  const header = call.headers['authorization']
  if (!header) throw anonymous()
  const token = /^Bearer (\S+)$/i.exec(header)?.[1] ?? ''
  const known = state.accessTokens.get(token) ?? selfSigned(state, token)
  if (!known || known.expiresAtMs <= state.now()) throw unauthenticated()
  return known
}

/** https://google.aip.dev/auth/4111: a JWT that names the service or scopes stands for itself. */
function selfSigned(state: State, token: string): AccessToken | undefined {
  if (token.split('.').length !== 3 || token.startsWith('ya29.')) return undefined
  try {
    const checked = checkAssertion(state, token, isForStorage)
    const scopes = checked.scopes.length > 0 ? checked.scopes : [PLATFORM_SCOPE]
    return { ...checked, scopes }
  } catch (error) {
    if (error instanceof GrantError) return undefined
    throw error
  }
}

function isForStorage(audience: unknown): boolean {
  return audience === undefined || textOf(audience).startsWith('https://storage.googleapis.com')
}

/** Refuses a token whose scopes do not cover what is asked. */
export function requireScope(token: AccessToken, access: 'read' | 'write'): void {
  const enough = token.scopes.some(
    (scope) =>
      scope === PLATFORM_SCOPE ||
      scope === `${STORAGE_SCOPE}full_control` ||
      scope === `${STORAGE_SCOPE}read_write` ||
      (access === 'read' &&
        (scope === `${STORAGE_SCOPE}read_only` || scope === `${PLATFORM_SCOPE}.read-only`)),
  )
  if (enough) return
  throw denied(
    'Request had insufficient authentication scopes.',
    'AccessDenied',
    'insufficientPermissions',
  )
}

/** What Compute Engine's metadata server answers to application default credentials. */
export function answerMetadata(state: State, call: Call): Answer {
  const flavor = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' }
  if (call.headers['metadata-flavor'] !== 'Google') {
    return {
      status: 403,
      headers: { 'content-type': 'text/html' },
      body: 'Missing Metadata-Flavor:Google header.',
    }
  }
  const path = call.path.replace(/^\/computeMetadata\/v1\/?/, '').replace(/\/$/, '')
  const value = metadataValue(state, path)
  if (value === undefined) return { status: 404, headers: flavor, body: 'Not Found' }
  if (typeof value === 'object') return json(200, value, flavor)
  return { status: 200, headers: { ...flavor, 'content-type': 'application/text' }, body: value }
}

function metadataValue(state: State, path: string): string | object | undefined {
  const account = path.replace(/^instance\/service-accounts\/(default|[^/]+@[^/]+)\//, '')
  switch (account) {
    case 'token':
      return issue(state, state.defaultAccount, [PLATFORM_SCOPE])
    case 'email':
      return state.defaultAccount
    case 'scopes':
      return `${PLATFORM_SCOPE}\n`
    case 'project/project-id':
      return state.projectId
    case 'instance':
      return 'service-accounts/\n'
    case 'instance/service-accounts':
      return `default/\n${state.defaultAccount}/\n`
    default:
      return undefined
  }
}

export async function answerSignBlob(state: State, call: Call, email: string): Promise<Answer> {
  const token = authenticateBearer(state, call)
  if (!token.scopes.includes(PLATFORM_SCOPE) && !token.scopes.includes(IAM_SCOPE)) {
    throw denied(
      'Request had insufficient authentication scopes.',
      'AccessDenied',
      'PERMISSION_DENIED',
    )
  }
  const account = state.accounts.get(email)
  if (!account?.privateKey) throw notFound('Unknown service account')
  const body = await readJson(call.body)
  const { payload } = body
  if (typeof payload !== 'string' || payload === '') throw invalid('payload is required.')
  const signed = sign('RSA-SHA256', Buffer.from(payload, 'base64'), account.privateKey)
  return json(200, { keyId: keyIdOf(account), signedBlob: signed.toString('base64') })
}

const IAM_SCOPE = 'https://www.googleapis.com/auth/iam'

export function keyIdOf(account: Account): string {
  const der = account.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha1').update(der).digest('hex')
}

/** IAM's errors are google.rpc.Status, not storage's. */
export function toRpcError(error: GcsError): object {
  const { status, message } = error.refusal
  const names: Record<number, string> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
  }
  return { error: { code: status, message, status: names[status] ?? 'UNKNOWN' } }
}
