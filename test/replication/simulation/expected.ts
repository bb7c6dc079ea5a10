// What a key must hold in the end, as far as nobody can doubt it: what was last written where the truth was, or
// nothing after a deletion that was acknowledged. Whatever else happens to the key makes it doubtful.

export interface Expected {
  /** Somebody wrote at the truth. */
  wrote(key: string, text: string, at: number): void
  /** Somebody asked for a deletion; `done` when he was told that it is done. */
  removing(key: string): { done(): void }
  /** Something else was done to the key. */
  doubt(key: string): void
  /** Somebody wrote where the truth is no more: of what is written at both in one instant neither is the later. */
  wroteLate(key: string, at: number): void
  /** What is not so. What was written while the truth was moving may have been taken for a conflict. */
  problems(
    textAt: TextAt,
    isStrange: (text: string) => boolean,
    { truth, moving }: { truth: StoreName; moving: readonly Span[] },
  ): Promise<string[]>
}

export interface Span {
  from: number
  to: number
}

type StoreName = 'main' | 'west' | 'east'
const STORES: readonly StoreName[] = ['main', 'west', 'east']

export type TextAt = (store: StoreName, key: string) => Promise<string | undefined>

const ABSENT = Symbol('absent')

export function createExpected(): Expected {
  const known = new Map<string, string | typeof ABSENT>()
  const times = new Map<string, number>()
  const removals = new Map<string, number>()
  const acts = new Map<string, number>()
  const late = new Map<string, number>()
  const act = (key: string) => {
    acts.set(key, (acts.get(key) ?? 0) + 1)
    known.delete(key)
  }
  return {
    wrote(key, text, at) {
      act(key)
      times.set(key, at)
      if (!removals.get(key) && late.get(key) !== at) known.set(key, text)
    },
    removing(key) {
      act(key)
      removals.set(key, (removals.get(key) ?? 0) + 1)
      const mine = acts.get(key)
      return {
        done() {
          removals.set(key, (removals.get(key) ?? 1) - 1)
          if (acts.get(key) === mine) known.set(key, ABSENT)
        },
      }
    },
    doubt: act,
    wroteLate(key, at) {
      act(key)
      late.set(key, at)
    },
    async problems(textAt, isStrange, { truth, moving }) {
      const problems: string[] = []
      for (const [key, wanted] of known) {
        const at = times.get(key) ?? 0
        const isUnsure = moving.some(({ from, to }) => from <= at && at <= to)
        if (wanted !== ABSENT && isUnsure) continue
        const stores = wanted === ABSENT ? STORES : [truth]
        for (const store of stores) {
          const text = await textAt(store, key)
          if (text === (wanted === ABSENT ? undefined : wanted)) continue
          // What is a stranger's stays where it is.
          if (wanted === ABSENT && text !== undefined && isStrange(text)) continue
          const told = wanted === ABSENT ? 'it was deleted' : `${wanted} was written last`
          problems.push(`${store} has ${String(text)} at ${key}, and ${told}`)
        }
      }
      return problems
    },
  }
}
