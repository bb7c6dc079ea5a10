// Who is let in, as a configuration writes it: hashed tokens, and issuers of JWTs. Nothing written, nobody.

import * as z from '#shared/shape/shape.ts'
import { duration, toSeconds } from '#shared/storage/schema.ts'
import type { Scope } from './principal.ts'
import { SCOPES } from './principal.ts'

export interface TokenRule {
  name: string
  /** SHA-256 of the token, base64url. */
  hash: string
  workspaces: readonly string[] | 'all'
  scopes: readonly Scope[]
  prefix: string
  /** Milliseconds since the epoch. */
  expiresAt: number | undefined
}

export interface IssuerRule {
  issuer: string
  audience: string
  /** Where the issuer's keys are; absent: they stand in `keys`. */
  jwks: string | undefined
  keys: readonly Readonly<Record<string, unknown>>[] | undefined
  algorithms: readonly string[]
  clockSkewSeconds: number
  /** The claim that names the workspaces; absent: `workspaces` below holds for every bearer. */
  workspaceClaim: string | undefined
  workspaces: readonly string[] | 'all'
  /** The claim that lists the scopes, a list or a text with spaces; absent: `scopes` holds. */
  scopeClaim: string | undefined
  scopes: readonly Scope[]
  /** `users/{sub}/`; every `{claim}` must be there. */
  prefix: string
}

export interface AccessRules {
  tokens: readonly TokenRule[]
  issuers: readonly IssuerRule[]
}

const text = z.string().check(z.minLength(1))
const scopes = z.array(z.enum(SCOPES))
const workspaces = z.union([z.literal('all'), z.array(text).check(z.minLength(1))])
const HASH = /^sha256:[A-Za-z0-9_-]{43}$/

const PREFIX = /^([^{}]|\{[^{}]+\})*$/

const token = z.strictObject({
  name: text,
  hash: z.string().check(z.regex(HASH, 'a hash such as `skein token` prints: sha256:…')),
  workspaces,
  scopes,
  prefix: z.optional(z.string()),
  expires: z.optional(z.union([z.iso.datetime({ offset: true }), z.iso.date()])),
})

const issuerFields = z.strictObject({
  issuer: text,
  audience: text,
  jwks: z.optional(z.url()),
  keys: z.optional(z.array(z.record(z.string(), z.unknown()))),
  algorithms: z.optional(
    z.array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'])),
  ),
  clockSkew: z.optional(duration),
  workspaceClaim: z.optional(text),
  workspaces: z.optional(workspaces),
  scopeClaim: z.optional(text),
  scopes: z.optional(scopes),
  prefix: z.optional(z.string().check(z.regex(PREFIX, 'a prefix such as users/{sub}/'))),
})

const issuer = issuerFields.check(
  z.refine(
    ({ jwks, keys }) => (jwks === undefined) !== (keys === undefined),
    'either `jwks`, where its keys are, or `keys`, the keys themselves',
  ),
  z.refine(
    (rule) => (rule.workspaceClaim === undefined) !== (rule.workspaces === undefined),
    'either `workspaceClaim`, the claim that names the workspaces, or `workspaces` for all its tokens',
  ),
  z.refine(
    (rule) => (rule.scopeClaim === undefined) !== (rule.scopes === undefined),
    'either `scopeClaim`, the claim that lists the scopes, or `scopes` for all its tokens',
  ),
)

export const access = z.strictObject({
  tokens: z.optional(z.array(token)),
  jwt: z.optional(z.array(issuer)),
})

export function accessRules(written: z.infer<typeof access> = {}): AccessRules {
  return {
    tokens: (written.tokens ?? []).map(({ expires, prefix = '', hash, ...rest }) => ({
      ...rest,
      prefix,
      hash: hash.slice('sha256:'.length),
      expiresAt: expires === undefined ? undefined : Date.parse(expires),
    })),
    issuers: (written.jwt ?? []).map((rule) => ({
      issuer: rule.issuer,
      audience: rule.audience,
      jwks: rule.jwks,
      keys: rule.keys,
      algorithms: rule.algorithms ?? ['RS256', 'ES256', 'EdDSA'],
      clockSkewSeconds: toSeconds(rule.clockSkew ?? 60),
      workspaceClaim: rule.workspaceClaim,
      workspaces: rule.workspaces ?? [],
      scopeClaim: rule.scopeClaim,
      scopes: rule.scopes ?? [],
      prefix: rule.prefix ?? '',
    })),
  }
}
