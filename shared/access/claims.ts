// From the claims of a verified JWT to a principal, as its issuer's rule says. What a rule asks for and a
// token lacks closes the door; nothing is guessed.

import type { Principal, Scope } from './principal.ts'
import { SCOPES } from './principal.ts'
import { AccessError } from './refusals.ts'
import type { IssuerRule } from './rules.ts'

type Payload = Readonly<Record<string, unknown>>

const CLAIM = /\{([^{}]+)\}/g
const LONGEST_NAME = 120

export function principalOf(payload: Payload, rule: IssuerRule): Principal {
  const claims = textClaims(payload)
  const { workspaceClaim, scopeClaim } = rule
  return {
    name: (claims['sub'] ?? rule.issuer).slice(0, LONGEST_NAME),
    workspaces: workspaceClaim === undefined ? rule.workspaces : listed(payload[workspaceClaim]),
    scopes: new Set(scopeClaim === undefined ? rule.scopes : scopesOf(payload[scopeClaim])),
    prefix: rule.prefix.replace(CLAIM, (_, name: string) => segment(claims, name)),
    claims,
  }
}

/** The claims that can stand in a key: texts, and numbers as texts. */
function textClaims(payload: Payload): Record<string, string> {
  const claims: [string, string][] = []
  for (const [name, value] of Object.entries(payload)) {
    if (typeof value === 'string') claims.push([name, value])
    if (typeof value === 'number') claims.push([name, String(value)])
  }
  return Object.fromEntries(claims)
}

function listed(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** Scopes of other applications may stand beside ours. */
function scopesOf(value: unknown): Scope[] {
  const given = listed(value)
  return SCOPES.filter((scope) => given.includes(scope))
}

/** One claim as one segment of a key: with a slash in it, a user could name himself into another's folder. */
function segment(claims: Readonly<Record<string, string>>, name: string): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (value === undefined || value === '') {
    throw new AccessError(`Your token has no claim \`${name}\`, which its keys are named by.`)
  }
  if (value.includes('/') || value === '.' || value === '..') {
    throw new AccessError(`Your token's claim \`${name}\` cannot be a folder's name.`)
  }
  return value
}
