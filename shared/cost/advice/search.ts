// All assignments of a few groups, but for those that a bound shows to be no better than the best one known. The
// bound of a part is exact for what is decided at straight lines below the bill, and the least of each group for
// what is not.

import type { Lines } from './lines.ts'
import type { Assignment, SolverInput } from './solve.ts'
import { createCosts } from './solve.ts'
import type { Table } from './tables.ts'
import { codeOf } from './tables.ts'

export interface SearchInput extends SolverInput {
  searches: readonly Lines[]
  /** Told of each assignment that may be better. */
  take(assignment: Pick<Assignment, 'codes' | 'served'>): unknown
  bestUsd(): number
}

/** Assignments that are weighed; beyond, the gap stays. */
const MAX_LEAVES = 30_000

interface Move {
  code: number
  served: number
  usd: number
}

export function searchAll(input: SearchInput): { complete: boolean } {
  const { groups, tables, months } = input
  let leaves = 0
  let complete = true

  function searchOne({ rates, constant }: Lines): void {
    const costOf = createCosts(input, rates)
    const moves: Move[][] = Array.from({ length: groups.count }, (_, group) =>
      movesOf(input, tables[groups.placement[group]!]!, group)
        .map(({ code, served }): Move => {
          return { code, served, usd: costOf(group, { code, served }) }
        })
        .filter(({ usd }) => Number.isFinite(usd))
        .toSorted((a, b) => a.usd - b.usd),
    )
    // What is closed leaves a group no place.
    if (moves.some((list) => list.length === 0)) return
    const least = leastFrom(moves)
    const codes = new Int32Array(groups.count)
    const served = new Uint8Array(groups.count)
    const from = (group: number, usd: number): void => {
      if (group === moves.length) {
        leaves++
        input.take({ codes: codes.slice(), served: served.slice() })
        return
      }
      for (const move of moves[group]!) {
        const bound = usd + move.usd + least[group + 1]!
        if (bound >= input.bestUsd() - 1e-12) break
        if (leaves >= MAX_LEAVES) {
          complete = false
          return
        }
        codes[group] = move.code
        served[group] = move.served
        from(group + 1, usd + move.usd)
      }
    }
    from(0, months * constant)
  }

  for (const search of input.searches) searchOne(search)
  return { complete }
}

/** The sum of the least of each group, from one on. */
function leastFrom(moves: readonly (readonly Move[])[]): number[] {
  const least = [0]
  for (const list of moves.toReversed()) least.unshift(least[0]! + list[0]!.usd)
  return least
}

function movesOf(
  { choice, servedNow }: SolverInput,
  { allowed, changes, code, fits }: Table,
  group: number,
): { code: number; served: number }[] {
  if (code < 0) return [{ code, served: 0 }]
  const serving = (options: readonly number[]) =>
    options.flatMap((index, store) => (index >= 0 && allowed.serve[index] ? [store] : []))
  const lists = allowed.masks.flatMap((mask) =>
    choice.stores.reduce<number[][]>(
      (found, { options }, store) => {
        if ((mask & (1 << store)) === 0) return found.map((list) => [...list, -1])
        const open = options.filter(({ index }) => changes[index])
        return found.flatMap((list) => open.map(({ index }) => [...list, index]))
      },
      [[]],
    ),
  )
  const moves = lists.flatMap((list) =>
    serving(list).map((served) => ({ code: codeOf(choice, list), served })),
  )
  const now = { code, served: servedNow[group]! }
  if (fits)
    return [...moves.filter((move) => move.code !== code || move.served !== now.served), now]
  return moves.length > 0 ? moves : [now]
}
