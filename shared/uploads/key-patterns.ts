// The patterns of keys that a workspace allows: text stands for itself, `{claim}` for the caller's own,
// `*` for any text without a slash, `**` for any text. Compiled once; matching takes one pass over the key for each
// piece of the pattern, whatever the key, so no key can make it slow.

type Piece = { text: string } | { claim: string } | { any: 'segment' | 'all' }

export interface KeyPattern {
  text: string
  claims: readonly string[]
  matches(key: string, claims: Readonly<Record<string, string>>): boolean
}

export function compilePattern(text: string): KeyPattern {
  const pieces = text
    .split(/(\*\*|\*|\{[^{}]+\})/)
    .filter((piece) => piece !== '')
    .map(toPiece)
  return {
    text,
    claims: pieces.flatMap((piece) => ('claim' in piece ? [piece.claim] : [])),
    matches: (key, claims) => matches(pieces, key, claims),
  }
}

function toPiece(text: string): Piece {
  if (text === '*') return { any: 'segment' }
  if (text === '**') return { any: 'all' }
  return /^\{[^{}]+\}$/.test(text) ? { claim: text.slice(1, -1) } : { text }
}

/** A claim that is missing, empty or holds a slash stands for nothing: it would open another's folder. */
export function claimValue(
  claims: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return value === undefined || value === '' || value.includes('/') ? undefined : value
}

/** Follows all the places in the key where a piece may end, at once: nothing is tried twice. */
function matches(
  pieces: readonly Piece[],
  key: string,
  claims: Readonly<Record<string, string>>,
): boolean {
  // In order; each place once.
  let ends: readonly number[] = [0]
  for (const piece of pieces) {
    if ('any' in piece) {
      if (piece === pieces.at(-1)) return isRest(ends, key, piece.any)
      ends = spread(ends, key, piece.any)
    } else {
      const text = 'text' in piece ? piece.text : claimValue(claims, piece.claim)
      if (text === undefined) return false
      ends = advance(ends, key, text)
    }
    if (ends.length === 0) return false
  }
  return ends.at(-1) === key.length
}

function advance(ends: readonly number[], key: string, text: string): number[] {
  const next: number[] = []
  for (const end of ends) if (key.startsWith(text, end)) next.push(end + text.length)
  return next
}

function spread(ends: readonly number[], key: string, any: 'segment' | 'all'): number[] {
  const next: number[] = []
  let open = false
  let nth = 0
  for (let at = 0; at <= key.length; at++) {
    if (any === 'segment' && at > 0 && key[at - 1] === '/') open = false
    if (ends[nth] === at) {
      open = true
      nth++
    }
    if (open) next.push(at)
  }
  return next
}

/** Whether one piece can be all that remains: what is furthest leaves least. */
function isRest(ends: readonly number[], key: string, any: 'segment' | 'all'): boolean {
  return any === 'all' || !key.includes('/', ends.at(-1))
}
