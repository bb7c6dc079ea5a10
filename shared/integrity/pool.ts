// Work on a list, some of it at once, in order: what is not begun when the time is up is left, and what was begun
// is a beginning of the list: the first one in any case, so that whoever comes again gets on.

export async function eachInOrder<Item, Result>(
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
      results[at] = await work(items[at]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run))
  return results
}
