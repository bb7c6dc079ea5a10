// What holds for every token, claim and key, tried with very many: nobody gets in by a near miss, and nobody
// gets out of his own folder.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import { principalOf } from '#shared/access/claims.ts'
import { checkOwnKey } from '#shared/access/refusals.ts'
import type { IssuerRule } from '#shared/access/rules.ts'
import { mintToken } from '#shared/access/tokens.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import { readJson } from '#shared/api/body.ts'
import { seeded } from '../seeds.ts'

/** Of any UTF-16 code units, half surrogate pairs among them. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

const minted = mintToken()
const authenticate = createAuthenticate(
  {
    tokens: [
      {
        name: 'one',
        hash: minted.hash.slice('sha256:'.length),
        ...{ workspaces: 'all', scopes: ['list'], prefix: '', expiresAt: undefined },
      },
    ],
    issuers: [],
  },
  () => 0,
)

function entered(header: string): boolean {
  try {
    return authenticate(header) !== undefined
  } catch {
    return false
  }
}

test('no change to a token lets it in', () => {
  expect(entered(`Bearer ${minted.token}`)).toBe(true)
  const place = fc.nat(minted.token.length - 1)
  const character = fc.constantFrom('A', 'B', 'a', 'z', '0', '9', '_', '-', ' ', '.')
  fc.assert(
    fc.property(place, character, fc.boolean(), (at, one, replace) => {
      const { token } = minted
      const changed = token.slice(0, at) + one + token.slice(replace ? at + 1 : at)
      expect(entered(`Bearer ${changed}`)).toBe(changed.trim() === token)
    }),
    seeded(),
  )
})

test('no text whatever lets in', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(entered(text)).toBe(false)
      expect(entered(`Bearer ${text}`)).toBe(false)
    }),
    seeded(),
  )
})

const RULE: IssuerRule = {
  ...{ issuer: 'i', audience: 'a', jwks: undefined, keys: [], algorithms: [], clockSkewSeconds: 0 },
  ...{ workspaceClaim: undefined, workspaces: 'all', scopeClaim: undefined, scopes: ['upload'] },
  prefix: 'users/{sub}/files/{device}/',
}

test('two users never share a key, whatever their claims say', () => {
  const claim = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[./a]{1,6}$/),
    fc.constantFrom('..', '{device}', '%2e%2e', 'a/b', '$&', 'ann'),
  )
  fc.assert(
    fc.property(fc.tuple(claim, claim), fc.tuple(claim, claim), fc.string(), (ann, bob, rest) => {
      const [a, b] = [prefixOf(...ann), prefixOf(...bob)]
      if (a === undefined || b === undefined || a === b) return
      expect([ann, bob].every(([sub, device]) => sub !== '' && device !== '')).toBe(true)
      const key = a + rest
      // What is no key anywhere is refused before anybody asks whose it is.
      if (keyProblem(key) !== undefined) return
      const who = principalOf({ sub: bob[0], device: bob[1] }, RULE)
      expect(() => checkOwnKey(who, key)).toThrow(/alone/)
    }),
    seeded(),
  )
})

function prefixOf(sub: string, device: string): string | undefined {
  try {
    return principalOf({ sub, device }, RULE).prefix
  } catch {
    return undefined
  }
}

test('JSON is read as it stands, and refused as soon as a name stands twice', async () => {
  const read = (body: string) =>
    readJson(
      new Request('http://localhost/', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      }),
      2 ** 20,
    )
  const value = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true, minKeys: 1 })
  await fc.assert(
    fc.asyncProperty(value, fc.integer({ min: 0, max: 4 }), async (given, indent) => {
      fc.pre(!JSON.stringify(given).includes('__proto__'))
      const body = JSON.stringify(given, null, indent)
      expect(await read(body)).toEqual(JSON.parse(body))
      const [name] = Object.keys(given)
      const twice = `${body.slice(0, -1)},${JSON.stringify(name)}:0}`
      await expect(read(twice)).rejects.toThrow(/stands twice/)
    }),
    seeded(),
  )
})
