// The two orders in which stores list keys: by UTF-8 bytes, or by UTF-16 code units. They differ only where
// one key has a character beyond U+FFFF, written as two surrogates, and the other one from U+E000 to U+FFFF:
// surrogates are the smaller units and the larger bytes. Characters of either kind are called special here.
// Azure also keeps some keys by another name, and lists them where that sorts: strays.

import type { Capabilities } from '#shared/storage/capabilities.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import { escapeName, isEscaped } from '#shared/storage/providers/azure/names.ts'
import type { Store } from '#shared/storage/store.ts'

type KeyOrder = Capabilities['list']['order']
export type Special = 'surrogate' | 'high'
export type Compare = (a: string, b: string) => number

const COMPARE: Record<KeyOrder, Compare> = { utf8: compareUtf8, utf16: compareUtf16 }

/** The sequence that the store's own listing has. */
export function listedOrder({ row, capabilities }: Store): Compare {
  const compare = COMPARE[capabilities.list.order]
  if (row.wire !== 'azure') return compare
  return (a, b) => compare(escapeName(a), escapeName(b))
}

/** Whether the stores' listings cannot be merged as they come. */
export function isMixed(stores: readonly Store[]): boolean {
  const kinds = new Set(
    stores.map(({ row, capabilities }) => `${row.wire === 'azure'} ${capabilities.list.order}`),
  )
  return kinds.size > 1
}

/** The order of them all where they are of one kind, else UTF-8's. */
export function commonOrder(stores: readonly Store[]): Compare {
  return isMixed(stores) ? compareUtf8 : listedOrder(stores[0]!)
}

/** Whether the store lists this key elsewhere than it sorts, since it is kept there by another name. */
export function isStray({ row }: Store, key: string): boolean {
  return row.wire === 'azure' && isEscaped(key)
}

export function compareUtf16(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function specialAt(key: string, index: number): Special | undefined {
  const unit = key.charCodeAt(index)
  if (unit >= 0xe000) return 'high'
  return unit >= 0xd800 ? 'surrogate' : undefined
}
