// Who was let in lately by a token that is dear to verify: within its term, and for as long as the keys
// that verified it may be kept, it opens again at the price of a hash. Tokens themselves are not kept, and the
// oldest gives way when there are too many.

import type { Principal } from './principal.ts'
import { hashToken } from './tokens.ts'

const KEPT_MS = 600_000
const MOST_KEPT = 1000

export interface Admissions {
  find(token: string): Principal | undefined
  /** Not beyond `endsAt`, in milliseconds since the epoch. */
  keep(token: string, principal: Principal, endsAt: number): void
}

export function createAdmissions(now: () => number): Admissions {
  const kept = new Map<string, { principal: Principal; endsAt: number }>()
  return {
    find(token) {
      const found = kept.get(hashToken(token))
      return found && now() < found.endsAt ? found.principal : undefined
    },
    keep(token, principal, endsAt) {
      const [oldest] = kept.keys()
      if (oldest !== undefined && kept.size >= MOST_KEPT) kept.delete(oldest)
      kept.set(hashToken(token), { principal, endsAt: Math.min(endsAt, now() + KEPT_MS) })
    },
  }
}
