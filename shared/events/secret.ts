// Whether somebody knows a secret, in a time that tells nothing of it, nor of which of two it was.

import { createHash, timingSafeEqual } from 'node:crypto'

export function isSecret(given: string | undefined, secrets: readonly string[]): boolean {
  const digest = digestOf(given ?? '')
  // Each is looked at, whichever was right.
  const found = secrets.filter((secret) => timingSafeEqual(digestOf(secret), digest))
  return given !== undefined && found.length > 0
}

export function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S{1,8192})$/i.exec(authorization ?? '')?.[1]
}

/** Of one length, as the comparison needs it. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
