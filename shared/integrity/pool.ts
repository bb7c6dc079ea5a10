// Work on a list, some of it at once, in order: what is not begun when the time is up is left, and what was begun
// is a beginning of the list: the first one in any case, so that whoever comes again gets on.

export async function eachInOrder<Item, Result extends object>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Result | Promise<Result>,
  mayGoOn: () => boolean,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const run = async (): Promise<void> => {
    while (next < items.length && (next === 0 || mayGoOn())) {
      const at = next++
      const result = work(items[at]!)
      // Most of a list that is well takes no waiting, and a turn of the event loop for each would be most of its time.
      results[at] = result instanceof Promise ? await result : result
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run))
  return results
}

/** Beginnings of so many each: what comes of one can be put away before the next is begun. */
export function* slicesOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
