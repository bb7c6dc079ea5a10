/**
 * Tokens: what each grant takes and refuses, application default credentials through the
 * metadata server, and signing through IAM.
 */
import { createVerify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { GoogleAuth, UserRefreshClient } from 'google-auth-library'
import type { Harness } from './harness.ts'
import {
  exchange,
  fetchToken,
  jsonOf,
  JWT_BEARER,
  makeAssertion,
  PLATFORM,
  startHarness,
} from './harness.ts'

let harness: Harness
let nowMs = Date.now()

beforeAll(async () => {
  harness = await startHarness({ now: () => nowMs })
  await harness.control('POST', 'buckets', { name: 'tokens' })
})

afterAll(async () => {
  await harness.server.close()
})

const LIST = '/storage/v1/b/tokens/o'

function listWith(authorization: string) {
  return harness.raw({ target: LIST, headers: { authorization } })
}

describe('the JWT bearer grant', () => {
  function grant(claims: Record<string, unknown>, account = harness.server.serviceAccount) {
    const iat = Math.floor(nowMs / 1000)
    const usual = { aud: account.token_uri, scope: PLATFORM, iat, exp: iat + 3600 }
    const assertion = makeAssertion(account, { ...usual, ...claims })
    return exchange(harness.server, { grant_type: JWT_BEARER, assertion })
  }

  it('gives a token that the APIs take', async () => {
    const reply = await grant({})
    expect(jsonOf(reply)).toMatchObject({ token_type: 'Bearer', expires_in: 3599 })
    expect((await listWith(`Bearer ${jsonOf(reply).access_token}`)).status).toBe(200)
  })

  it('takes the audience that the official clients name', async () => {
    expect((await grant({ aud: 'https://oauth2.googleapis.com/token' })).status).toBe(200)
  })

  const seconds = () => Math.floor(nowMs / 1000)
  it.each([
    ['another audience', () => ({ aud: 'https://elsewhere.test' }), 'invalid_grant'],
    [
      'an end that has passed',
      () => ({ iat: seconds() - 7200, exp: seconds() - 3600 }),
      'invalid_grant',
    ],
    ['a life beyond an hour', () => ({ exp: seconds() + 7200 }), 'invalid_grant'],
    [
      'a beginning in the future',
      () => ({ iat: seconds() + 900, exp: seconds() + 1800 }),
      'invalid_grant',
    ],
    ['no scope', () => ({ scope: '' }), 'invalid_scope'],
    ['an unknown account', () => ({ iss: 'nobody@elsewhere.test' }), 'invalid_grant'],
  ])('refuses %s', async (_, claims, error) => {
    const reply = await grant(claims())
    expect(reply.status).toBe(400)
    expect(jsonOf(reply).error).toBe(error)
  })

  it('refuses a forged signature and an unknown grant', async () => {
    const iat = seconds()
    const { serviceAccount } = harness.server
    const claims = { aud: serviceAccount.token_uri, scope: PLATFORM, iat, exp: iat + 60 }
    const [head, , signature] = makeAssertion(serviceAccount, claims).split('.')
    const body = makeAssertion(serviceAccount, { ...claims, scope: `${PLATFORM} more` }).split(
      '.',
    )[1]
    const assertion = `${head}.${body}.${signature}`
    const forged = await exchange(harness.server, { grant_type: JWT_BEARER, assertion })
    expect(jsonOf(forged).error_description).toBe('Invalid JWT Signature.')
    const unknown = await exchange(harness.server, { grant_type: 'password' })
    expect(jsonOf(unknown).error).toBe('unsupported_grant_type')
  })
})

describe('bearer tokens', () => {
  it('are needed: 401 with a challenge, in the JSON API’s shape', async () => {
    const none = await harness.raw({ target: LIST })
    expect(none.status).toBe(401)
    expect(none.headers['www-authenticate']).toContain('Bearer')
    expect(jsonOf(none).error).toMatchObject({
      code: 401,
      errors: [{ domain: 'global', reason: 'required', location: 'Authorization' }],
    })
    const unknown = await listWith('Bearer ya29.unknown')
    expect(unknown.status).toBe(401)
    expect(jsonOf(unknown).error.errors[0].reason).toBe('authError')
  })

  it('end after an hour', async () => {
    const token = await fetchToken(harness.server, nowMs)
    nowMs += 3_599_000
    expect((await listWith(`Bearer ${token}`)).status).toBe(200)
    nowMs += 2000
    const late = await listWith(`Bearer ${token}`)
    expect(late.status).toBe(401)
    expect(late.headers['www-authenticate']).toContain('invalid_token')
  })

  it('reach as far as their scopes', async () => {
    const scope = 'https://www.googleapis.com/auth/devstorage.read_only'
    const authorization = `Bearer ${await fetchToken(harness.server, nowMs, scope)}`
    expect((await listWith(authorization)).status).toBe(200)
    const target = '/upload/storage/v1/b/tokens/o?uploadType=media&name=x'
    const write = await harness.raw({
      method: 'POST',
      target,
      headers: { authorization },
      body: 'x',
    })
    expect(write.status).toBe(403)
    expect(jsonOf(write).error.errors[0].reason).toBe('insufficientPermissions')
    const put = { method: 'PUT', target: '/tokens/x', headers: { authorization }, body: 'x' }
    expect((await harness.raw(put)).text).toContain('<Code>AccessDenied</Code>')
  })

  it('may be the account’s own assertion', async () => {
    const iat = Math.floor(nowMs / 1000)
    const account = harness.server.serviceAccount
    const times = { iat, exp: iat + 3600, sub: account.client_email }
    const own = makeAssertion(account, { ...times, aud: 'https://storage.googleapis.com/' })
    expect((await listWith(`Bearer ${own}`)).status).toBe(200)
    const other = makeAssertion(account, { ...times, aud: 'https://pubsub.googleapis.com/' })
    expect((await listWith(`Bearer ${other}`)).status).toBe(401)
  })
})

describe('the refresh token grant', () => {
  it('gives a token to the client that holds the secret', async () => {
    const { type: _type, ...user } = harness.server.authorizedUser
    const reply = await exchange(harness.server, { grant_type: 'refresh_token', ...user })
    expect((await listWith(`Bearer ${jsonOf(reply).access_token}`)).status).toBe(200)
    const client = new UserRefreshClient({
      clientId: user.client_id,
      clientSecret: user.client_secret,
      refreshToken: user.refresh_token,
      endpoints: { oauth2TokenUrl: `${harness.server.url}/token` },
    })
    const { token } = await client.getAccessToken()
    expect((await listWith(`Bearer ${token}`)).status).toBe(200)
  })

  it('refuses what is not its own', async () => {
    const { type: _type, ...user } = harness.server.authorizedUser
    const wrong = { grant_type: 'refresh_token', ...user, client_secret: 'guess' }
    expect((await exchange(harness.server, wrong)).status).toBe(401)
    const gone = { grant_type: 'refresh_token', ...user, refresh_token: '1//revoked' }
    expect(jsonOf(await exchange(harness.server, gone)).error).toBe('invalid_grant')
  })
})

describe('the metadata server', () => {
  const TOKEN = '/computeMetadata/v1/instance/service-accounts/default/token'

  it('answers only those who say Metadata-Flavor', async () => {
    expect((await harness.raw({ target: TOKEN })).status).toBe(403)
    const headers = { 'metadata-flavor': 'Google' }
    const reply = await harness.raw({ target: TOKEN, headers })
    expect(reply.headers['metadata-flavor']).toBe('Google')
    expect((await listWith(`Bearer ${jsonOf(reply).access_token}`)).status).toBe(200)
    const project = await harness.raw({ target: '/computeMetadata/v1/project/project-id', headers })
    expect(project.text).toBe('test-project')
    const nothing = await harness.raw({ target: '/computeMetadata/v1/nothing', headers })
    expect(nothing.status).toBe(404)
  })

  it('proves application default credentials', async () => {
    vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${harness.server.port}`)
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
    vi.stubEnv('HOME', '/nonexistent')
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined)
    const auth = new GoogleAuth({ scopes: PLATFORM })
    const token = await auth.getAccessToken()
    expect((await listWith(`Bearer ${token}`)).status).toBe(200)
    expect(await auth.getProjectId()).toBe('test-project')
    vi.unstubAllEnvs()
  })
})

describe('signBlob', () => {
  function sign(body: object, email = harness.server.serviceAccount.client_email, token?: string) {
    const target = `/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:signBlob`
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return harness.raw({ method: 'POST', target, headers, body: JSON.stringify(body) })
  }

  it('signs with the account’s key', async () => {
    const token = await fetchToken(harness.server, nowMs)
    const payload = Buffer.from('sign me').toString('base64')
    const reply = jsonOf(await sign({ payload }, undefined, token))
    const key = harness.server.serviceAccount.private_key
    const verifier = createVerify('RSA-SHA256').update('sign me')
    expect(verifier.verify(key, reply.signedBlob, 'base64')).toBe(true)
  })

  it('refuses callers without a token, unknown accounts and empty payloads', async () => {
    const token = await fetchToken(harness.server, nowMs)
    const none = await sign({ payload: 'eA==' })
    expect(jsonOf(none).error).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' })
    expect((await sign({ payload: 'eA==' }, 'nobody@x.test', token)).status).toBe(404)
    expect((await sign({}, undefined, token)).status).toBe(400)
  })
})
