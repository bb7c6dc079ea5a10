// Skein's own tokens. The configuration holds their hashes alone: a token has 256 bits of chance, so a plain
// SHA-256 keeps it, and whoever reads the configuration has nothing to let himself in with.

import { Buffer } from 'node:buffer'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
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
  return createHash('sha256').update(token).digest('base64url')
}

export type FoundToken = { principal: Principal; expiresAt: number }

/** Finds who holds a token; undefined for a token that nobody was given. */
export function createTokens(
  rules: readonly TokenRule[],
): (token: string) => FoundToken | undefined {
  const known = new Map(rules.map((rule) => [rule.hash, keep(rule)]))
  return (token) => {
    const hash = hashToken(token)
    const found = known.get(hash)
    // The map compares hashes character by character; this comparison takes as long for every one.
    return found && timingSafeEqual(found.hash, Buffer.from(hash)) ? found : undefined
  }
}

function keep(rule: TokenRule): FoundToken & { hash: Buffer } {
  const { name, workspaces, scopes, prefix, hash, expiresAt = Infinity } = rule
  const principal = { name, workspaces, scopes: new Set(scopes), prefix, claims: NO_CLAIMS }
  return { principal, expiresAt, hash: Buffer.from(hash) }
}
