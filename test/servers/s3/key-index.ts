// The keys of a bucket in S3's order, which is that of their UTF-8 bytes.

export type KeyIndex = {
  add(key: string): void
  remove(key: string): void
  at(position: number): string | undefined
  /** The position of the first key that is not less than `key`. */
  seek(key: string): number
  /** The position of the first key, from one that begins with `prefix`, that does not. */
  seekPast(prefix: string, from: number): number
}

export function createKeyIndex(): KeyIndex {
  const keys: string[] = []
  const seek = (key: string) => search(keys, 0, (one) => compareUtf8(one, key) < 0)
  return {
    add: (key) => {
      const last = keys.at(-1)
      // Keys mostly arrive in order: appending spares the search and the move.
      if (last === undefined || compareUtf8(last, key) < 0) keys.push(key)
      else keys.splice(seek(key), 0, key)
    },
    remove: (key) => void keys.splice(seek(key), 1),
    at: (position) => keys[position],
    seek,
    seekPast: (prefix, from) => search(keys, from, (one) => one.startsWith(prefix)),
  }
}

/** The first position whose key is not `before`; the keys that are come first. */
function search(keys: readonly string[], from: number, before: (key: string) => boolean): number {
  let low = from
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(keys[middle] ?? '')) low = middle + 1
    else high = middle
  }
  return low
}

/** Orders as the UTF-8 bytes do: surrogate pairs come after U+E000 to U+FFFF, not before. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
