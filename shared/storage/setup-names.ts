// The names of Skein's own rules. They begin with `skein-`; a store that is only a part of its bucket puts
// a digest of that part behind it, so that two stores in one bucket never take each other's rules for theirs.

import { createHash } from 'node:crypto'

export interface RuleNames {
  /** What every key of the store begins with; empty for a whole bucket. */
  prefix: string
  of: (what: string) => string
  /** Rules that an earlier setup of this very store has made. */
  own: (name: string | undefined) => boolean
}

/** What advice on costs had written, for whatever store: `skein cost apply` takes it away again, and nothing else does. */
export function isAdvised(name = ''): boolean {
  return ADVISED.test(name)
}

const PREFIX = 'skein-'
const OF_A_PART = /^skein-[0-9a-f]{8}-/
const ADVISED = /^skein-(?:[0-9a-f]{8}-)?cost-/

/** `place` tells the store from others whose rules are kept in the same document; empty where it is the only one. */
export function ruleNames(place: string, prefix: string): RuleNames {
  const mine = place === '' ? PREFIX : `${PREFIX}${shortDigest(place)}-`
  return {
    prefix,
    of: (what) => mine + what,
    own: (name = '') =>
      name.startsWith(mine) && !isAdvised(name) && (place !== '' || !OF_A_PART.test(name)),
  }
}

export function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
