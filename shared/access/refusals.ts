// How somebody is turned away. The sentences tell what is wrong with a token and never any of it, and an
// unknown workspace reads like a forbidden one, so that nobody finds out which there are.

import { StorageError } from '#shared/storage/errors.ts'
import type { Principal, Scope } from './principal.ts'

/** The credential itself does not hold: 401, where the rest is 403. */
export class AccessError extends StorageError {
  /** RFC 6750: `invalid_token` when one was brought; nothing when none was. */
  readonly challenge: string

  constructor(sentence: string, brought = true) {
    super('unauthenticated', sentence)
    this.name = 'AccessError'
    this.challenge = brought
      ? 'Bearer realm="skein", error="invalid_token"'
      : 'Bearer realm="skein"'
  }
}

/** Throws `denied` unless this principal may do this in this workspace. */
export function authorize(who: Principal, workspace: string, scopes: readonly Scope[]): void {
  if (who.workspaces !== 'all' && !who.workspaces.includes(workspace)) throw noWorkspace()
  for (const scope of scopes) {
    if (!who.scopes.has(scope)) {
      throw new StorageError('denied', `This takes the scope \`${scope}\`, which your token lacks.`)
    }
  }
}

export function noWorkspace(): StorageError {
  return new StorageError(
    'denied',
    'There is no workspace of this name, or your token is not for it.',
  )
}

/** Throws `denied` for a key outside of what this principal may name. */
export function checkOwnKey(who: Principal, key: string): void {
  if (key.startsWith(who.prefix)) return
  throw new StorageError(
    'denied',
    `Your token is for keys that begin with ${JSON.stringify(who.prefix)} alone.`,
  )
}

/** The prefix of a listing: whoever names none sees all that is his. */
export function ownPrefix(who: Principal, asked = ''): string {
  const prefix = asked === '' ? who.prefix : asked
  checkOwnKey(who, prefix)
  return prefix
}
