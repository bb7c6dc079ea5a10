// Skein's own tokens. The configuration holds their hashes alone: a token has 256 bits of chance, so a plain
// SHA-256 keeps it, and whoever reads the configuration has nothing to let himself in with.

import { randomBytes } from 'node:crypto'
import { sameText } from '#shared/wire/same-text.ts'
import { sha256 } from '#shared/wire/sha256.ts'
import type { Principal } from './principal.ts'
import type { TokenRule } from './rules.ts'

const PREFIX = 'skein_'
const NO_CLAIMS = Object.freeze({})

export interface MintedToken {
  /** Shown once and kept nowhere. */
  token: string
  /** As a configuration writes it. */
  hash: string
}

/** A new token, and what a configuration keeps of it. */
export function mintToken(): MintedToken {
  const token = PREFIX + randomBytes(32).toString('base64url')
  return { token, hash: `sha256:${hashToken(token)}` }
}

export function hashToken(token: string): string {
  return sha256(token, 'base64url')
}

export type FoundToken = { principal: Principal; expiresAt: number }

/** Finds who holds a token; undefined for a token that nobody was given. */
export function createTokens(
  rules: readonly TokenRule[],
): (token: string) => FoundToken | undefined {
  const known = new Map(rules.map((rule) => [rule.hash, keep(rule)]))
  // Found once, a token is known by its beginning and compared whole: no hash for each request.
  const seen = new Map<string, { token: string; found: FoundToken }>()
  return (token) => {
    const beginning = token.slice(0, SEEN_LENGTH)
    const before = seen.get(beginning)
    if (before && sameText(before.token, token)) return before.found
    const hashed = hashToken(token)
    const found = known.get(hashed)
    // The map compares hashes character by character; this comparison takes as long for every one.
    if (!found || !sameText(found.hash, hashed)) return undefined
    seen.set(beginning, { token, found })
    return found
  }
}

/** Of the 49 characters of a token; what remains is more chance than anybody can try. */
const SEEN_LENGTH = 16

function keep(rule: TokenRule): FoundToken & { hash: string } {
  const { name, workspaces, scopes, prefix, expiresAt = Infinity } = rule
  const principal = { name, workspaces, scopes: new Set(scopes), prefix, claims: NO_CLAIMS }
  return { principal, expiresAt, hash: rule.hash }
}
