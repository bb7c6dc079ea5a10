// A value that is fetched, kept until shortly before it ends, and fetched once for all who wait: tokens and
// keys of every provider's chain.

import type { CredentialSource } from '../signer.ts'

export interface Expiry<T> {
  /** Milliseconds since the epoch; undefined when it has no end that anybody knows. */
  endOf: (value: T) => number | undefined
  now: () => number
  /** Asked anew this long before its end, or after half its life if that is later. */
  marginMilliseconds?: number
}

const MARGIN_MILLISECONDS = 5 * 60_000

/** Should a refresh fail while the old value still holds, that one is used on. */
export function keepUntilExpiry<T>(
  fetch: () => Promise<T>,
  { endOf, now, marginMilliseconds = MARGIN_MILLISECONDS }: Expiry<T>,
): CredentialSource<T> {
  let kept: { value: T; end: number; freshUntil: number } | undefined
  let fetching: Promise<T> | undefined

  async function refresh(): Promise<T> {
    try {
      const value = await fetch()
      const end = endOf(value) ?? Number.POSITIVE_INFINITY
      kept = { value, end, freshUntil: end - Math.min(marginMilliseconds, (end - now()) / 2) }
      return value
    } catch (error) {
      if (kept && kept.end > now()) return kept.value
      throw error
    } finally {
      fetching = undefined
    }
  }

  return () => {
    if (kept && now() < kept.freshUntil) return kept.value
    fetching ??= refresh()
    return fetching
  }
}
