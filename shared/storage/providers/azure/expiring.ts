// A value that is fetched, kept until shortly before it ends, and fetched for all who wait at once.

import type { CredentialSource } from '../../signer.ts'

export interface Expiring {
  /** Milliseconds since the epoch. */
  expiresAt: number
}

const MARGIN_MILLISECONDS = 5 * 60_000

/**
 * Gives the kept value at once until five minutes before its end, or half its life if that is less. Then
 * one fetch serves all who ask; if it fails while the old value still holds, they get the old one.
 */
export function keepUntilExpiry<T extends Expiring>(
  fetch: () => Promise<T>,
  now: () => number,
): CredentialSource<T> {
  let kept: T | undefined
  let freshUntil = 0
  let fetching: Promise<T> | undefined

  async function refresh(): Promise<T> {
    try {
      const fetched = await fetch()
      const life = fetched.expiresAt - now()
      freshUntil = fetched.expiresAt - Math.min(MARGIN_MILLISECONDS, life / 2)
      kept = fetched
      return fetched
    } catch (error) {
      if (kept && kept.expiresAt > now()) return kept
      throw error
    } finally {
      fetching = undefined
    }
  }

  return () => {
    if (kept && now() < freshUntil) return kept
    fetching ??= refresh()
    return fetching
  }
}
