// JWTs of a real issuer with its keys behind a real socket: whom they let in as whom, and every way in which
// one can be false.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from '#shared/shape/shape.ts'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import type { Principal } from '#shared/access/principal.ts'
import { access, accessRules } from '#shared/access/rules.ts'
import { StorageError } from '#shared/storage/errors.ts'

const ISSUER = 'https://issuer.example.com/'
const NOW = Date.UTC(2030, 0, 1)
const SECONDS = NOW / 1000

const ec = newKey('ec-1')
const other = newKey('ec-2')
const stranger = newKey('ec-1')

interface Key {
  kid: string
  jwk: Record<string, unknown>
  sign(input: string): string
}

function newKey(kid: string): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    kid,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    sign: (input) =>
      sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
        'base64url',
      ),
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const CLAIMS = {
  iss: ISSUER,
  aud: 'skein',
  sub: 'ann',
  exp: SECONDS + 600,
  scope: 'openid upload download',
  teams: ['app', 'site'],
}

function jwt(claims: object = {}, key = ec, header: object = {}): string {
  const input = `${encode({ alg: 'ES256', kid: key.kid, ...header })}.${encode({ ...CLAIMS, ...claims })}`
  return `${input}.${key.sign(input)}`
}

const asked: string[] = []
let published: unknown = { keys: [ec.jwk] }
let status = 200
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(published))
})

let jwks = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  asked.length = 0
  published = { keys: [ec.jwk] }
  status = 200
})

const RULE = {
  issuer: ISSUER,
  audience: 'skein',
  workspaceClaim: 'teams',
  scopeClaim: 'scope',
  prefix: 'users/{sub}/',
  clockSkew: '30s',
}

function entrance(rule: object = {}) {
  const authenticate = createAuthenticate(
    accessRules({ jwt: [{ ...RULE, jwks, ...rule }] }),
    () => NOW,
  )
  return async (token: string): Promise<Principal> => authenticate(`Bearer ${token}`)
}

async function refusal(attempt: Promise<unknown>): Promise<StorageError> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(StorageError)
  return error as StorageError
}

describe('a JWT that holds', () => {
  it('lets in whom its claims name, and scopes of others do not count', async () => {
    const who = await entrance()(jwt())
    expect(who).toMatchObject({ name: 'ann', workspaces: ['app', 'site'], prefix: 'users/ann/' })
    expect([...who.scopes]).toEqual(['upload', 'download'])
    expect(who.claims).toMatchObject({ sub: 'ann', iss: ISSUER })
  })

  it('may come with its keys written down, and its rights as well', async () => {
    const rule = {
      jwks: undefined,
      keys: [ec.jwk],
      workspaceClaim: undefined,
      scopeClaim: undefined,
    }
    const enter = entrance({ ...rule, workspaces: 'all', scopes: ['list'], prefix: '' })
    expect(await enter(jwt())).toMatchObject({ workspaces: 'all', prefix: '' })
    expect(asked).toEqual([])
  })

  it('fetches the keys once for all that come', async () => {
    const enter = entrance()
    await Promise.all([enter(jwt()), enter(jwt({ sub: 'bob' }))])
    await enter(jwt())
    expect(asked).toEqual(['/keys'])
  })

  it('is verified once for a while, and never beyond its end', async () => {
    let now = NOW
    const authenticate = createAuthenticate(accessRules({ jwt: [{ ...RULE, jwks }] }), () => now)
    const first = jwt({ exp: SECONDS + 3600 })
    const enter = (token: string) => authenticate(`Bearer ${token}`)
    const who = await enter(first)
    expect(enter(first)).toBe(who)
    const altered = enter(`${first.slice(0, -4)}AAAA`)
    expect((await refusal(Promise.resolve(altered))).message).toMatch(/signature/)
    now += 601_000
    expect(enter(first)).toBeInstanceOf(Promise)
    expect(await enter(first)).toEqual(who)
    const short = jwt({ exp: SECONDS + 700 })
    await enter(short)
    now = NOW + 729_000
    expect(enter(short)).toMatchObject({ name: 'ann' })
    now = NOW + 731_000
    expect((await refusal(Promise.resolve(enter(short)))).message).toMatch(/expired/)
  })

  it('may be of one of several audiences', async () => {
    const rules = [
      { ...RULE, jwks, audience: 'other', prefix: 'other/' },
      { ...RULE, jwks, prefix: 'ours/' },
    ]
    const authenticate = createAuthenticate(accessRules({ jwt: rules }), () => NOW)
    expect(await authenticate(`Bearer ${jwt()}`)).toMatchObject({ prefix: 'ours/' })
  })

  it('counts a clock that is off by as much as is allowed', async () => {
    await entrance()(jwt({ exp: SECONDS - 29 }))
    await entrance()(jwt({ nbf: SECONDS + 29 }))
  })
})

describe('a JWT that does not hold', () => {
  const none = `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`
  const shared = (() => {
    const input = `${encode({ alg: 'HS256', kid: ec.kid })}.${encode(CLAIMS)}`
    const key = JSON.stringify(ec.jwk)
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  })()

  it.each<[string, string, RegExp]>([
    ['expired', jwt({ exp: SECONDS - 31 }), /has expired/],
    ['without an end', jwt({ exp: undefined }), /`exp`/],
    ['not yet', jwt({ nbf: SECONDS + 31 }), /`nbf`/],
    ['of another audience', jwt({ aud: 'shop' }), /`aud`/],
    ['of an issuer nobody knows', jwt({ iss: 'https://evil.example.com/' }), /issuer/],
    ['signed by another key of this name', jwt({}, stranger), /signature/],
    ['signed by a key that is not published', jwt({}, other), /signature/],
    ['with no algorithm', none, /signature/],
    ['signed with the public key as a secret', shared, /signature/],
    ['in another algorithm than it says', jwt({}, ec, { alg: 'RS256' }), /signature/],
    ['altered', jwt().replace(/\.[^.]+\./, `.${encode({ ...CLAIMS, sub: 'root' })}.`), /signature/],
    ['cut short', jwt().slice(0, -4), /signature/],
    ['with an extension that must be understood', jwt({}, ec, { crit: ['x'], x: 1 }), /signature/],
    ['that is none', 'a.b.c', /not one|issuer/],
    ['whose payload is a list', `${encode({ alg: 'ES256' })}.${encode([])}.AA`, /issuer/],
  ])('%s opens nothing', async (_, token, sentence) => {
    const { kind, message } = await refusal(entrance()(token))
    expect(kind).toBe('unauthenticated')
    expect(message).toMatch(sentence)
    for (const part of token.split('.').filter((one) => one.length > 8)) {
      expect(message).not.toContain(part)
    }
  })

  it.each([
    [{ sub: undefined }, /no claim `sub`/],
    [{ sub: '' }, /no claim `sub`/],
    [{ sub: '../bob' }, /cannot be a folder/],
    [{ sub: 'ann/../bob' }, /cannot be a folder/],
    [{ sub: '..' }, /cannot be a folder/],
  ])('for a folder of %j opens nothing', async (claims, sentence) => {
    const { kind, message } = await refusal(entrance()(jwt(claims)))
    expect([kind, message]).toEqual(['unauthenticated', expect.stringMatching(sentence)])
  })

  it('that names no claim of the prefix by inheritance opens nothing', async () => {
    const { message } = await refusal(entrance({ prefix: '{constructor}/' })(jwt()))
    expect(message).toMatch(/no claim `constructor`/)
  })

  it('without the claims of its rule has no rights', async () => {
    const who = await entrance()(jwt({ teams: undefined, scope: undefined }))
    expect([who.workspaces, who.scopes.size]).toEqual([[], 0])
  })
})

describe('keys that cannot be had', () => {
  it.each<[string, () => void]>([
    ['a fault', () => (status = 500)],
    ['nonsense', () => (published = { kees: [] })],
  ])('by %s are not the fault of the token', async (_, arrange) => {
    arrange()
    const { kind, retry } = await refusal(entrance()(jwt()))
    expect([kind, retry]).toEqual(['unavailable', 'later'])
  })

  it('since nobody answers, likewise', async () => {
    const { kind } = await refusal(entrance({ jwks: 'http://127.0.0.1:1/keys' })(jwt()))
    expect(kind).toBe('unavailable')
  })
})

it('an issuer says where its keys are, or which, and not both', () => {
  const issuer = { issuer: ISSUER, audience: 'skein', workspaces: ['app'], scopeClaim: 'scope' }
  const fits = (keys: object) => z.safeParse(access, { jwt: [{ ...issuer, ...keys }] }).success
  expect([fits({}), fits({ jwks }), fits({ keys: [ec.jwk] })]).toEqual([false, true, true])
  expect(fits({ jwks, keys: [ec.jwk] })).toBe(false)
  expect(fits({ jwks, workspaces: undefined })).toBe(false)
  expect(fits({ jwks, workspaceClaim: 'teams' })).toBe(false)
  expect(fits({ jwks, scopeClaim: undefined })).toBe(false)
  expect(fits({ jwks, scopes: ['list'] })).toBe(false)
  expect(fits({ jwks, prefix: 'users/{sub/' })).toBe(false)
})
