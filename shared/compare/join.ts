// Sorted streams side by side: every key once, with what each stream has there. Holds a page of each, and one
// more that is on its way, however many keys there are.

import type { Compare } from './key-order.ts'

export interface Keyed {
  key: string
}

/** What each of the streams has at the key. */
export interface Row<T extends readonly Keyed[]> {
  key: string
  at: { [I in keyof T]: T[I] | undefined }
}

type Streams<T extends readonly Keyed[]> = { [I in keyof T]: AsyncIterable<readonly T[I][]> }

/** All streams must be in the order of `compare`. Rows come in batches, in order. */
export async function* joinByKey<T extends readonly Keyed[]>(
  streams: Streams<T>,
  compare: Compare,
): AsyncGenerator<Row<T>[]> {
  const sides = [...streams].map((stream) => createSide(stream))
  try {
    for (;;) {
      await Promise.all(sides.filter(({ isHungry }) => isHungry).map((side) => side.fill()))
      const rows: Row<T>[] = []
      // As far as every stream's page reaches: what is smallest further on, nobody can say yet.
      while (!sides.some(({ isHungry }) => isHungry)) {
        const key = smallest(sides, compare)
        if (key === undefined) break
        rows.push({ key, at: sides.map((side) => side.takeAt(key)) } as Row<T>)
      }
      if (rows.length > 0) yield rows
      else if (sides.every(({ isOver }) => isOver)) return
    }
  } finally {
    await Promise.all(sides.map((side) => side.close()))
  }
}

interface Side {
  readonly isHungry: boolean
  readonly isOver: boolean
  head(): Keyed | undefined
  takeAt(key: string): Keyed | undefined
  fill(): Promise<void>
  close(): Promise<void>
}

function createSide(stream: AsyncIterable<readonly Keyed[]>): Side {
  const pages = readAhead(stream)
  let page: readonly Keyed[] = []
  let at = 0
  let isDone = false
  return {
    get isHungry() {
      return !isDone && at >= page.length
    },
    get isOver() {
      return isDone && at >= page.length
    },
    head: () => page[at],
    takeAt: (key) => (page[at]?.key === key ? page[at++] : undefined),
    async fill() {
      const next = await pages.next()
      if (next.done === true) isDone = true
      else [page, at] = [next.value, 0]
    },
    async close() {
      await pages.return(undefined)
    },
  }
}

function smallest(sides: readonly Side[], compare: Compare): string | undefined {
  let least: string | undefined
  for (const side of sides) {
    const key = side.head()?.key
    if (key === undefined || key === least) continue
    if (least === undefined || compare(key, least) < 0) least = key
  }
  return least
}

/** The same, with the next one always on its way. */
export async function* readAhead<T>(stream: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const items = stream[Symbol.asyncIterator]()
  const ask = () => {
    const next = items.next()
    // Its failure is met when its turn comes; until then nobody waits for it.
    next.catch(() => undefined)
    return next
  }
  let next = ask()
  try {
    for (;;) {
      const item = await next
      if (item.done === true) return
      next = ask()
      yield item.value
    }
  } finally {
    await next.catch(() => undefined)
    await items.return?.()
  }
}
