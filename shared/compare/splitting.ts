// Cuts a store's keys into ranges of about as many, so that several workers can share them. Each listing tells a
// page; where there is more, the characters that follow are found one by one, whatever keys look like. It is a
// guess made by a few dozen requests: the ranges hold every key in any case, and only how evenly is left to luck.

import { compareUtf8 } from '#shared/storage/keys.ts'
import type { JoinOrder, KeyRange, Place } from './listing.ts'
import { ALL_KEYS } from './listing.ts'

export interface SplitOptions {
  /** Listings that it may cost. */
  requests?: number | undefined
  signal?: AbortSignal | undefined
}

interface Branch {
  /** What its keys begin with. */
  prefix: string
  /** The first of them. */
  keys: readonly string[]
  /** There are more than those. */
  isOpen: boolean
}

const REQUESTS = 100
/** So many times more branches than ranges are looked for, since some hold little. */
const BRANCHES_A_RANGE = 4
/** Pages that one is taken to hold of which only the first is known. */
const PAGES_OF_AN_OPEN_ONE = 10
/** What no key goes on with, or few: behind all others in the order that a store lists by. */
const BEHIND_OTHERS = { utf8: '\u{10ffff}', utf16: '\ufffd' }

/** At most `count` ranges, and one more for strays where there may be some. In order, without a gap. */
export async function splitKeys(
  place: Place,
  order: JoinOrder,
  count: number,
  options: SplitOptions = {},
): Promise<KeyRange[]> {
  if (count < 2) return [ALL_KEYS]
  const branches = await findBranches(place, count * BRANCHES_A_RANGE, options)
  const bounds = chooseBounds(branches, order, count)
  if (bounds.length === 0) return [ALL_KEYS]
  const ranges: KeyRange[] = [...bounds, undefined].map((upTo, index) => {
    return { after: bounds[index - 1], upTo, strays: 'without' }
  })
  return place.store.row.wire === 'azure' || order.compare !== compareUtf8
    ? [...ranges, { strays: 'only' }]
    : ranges
}

async function findBranches(
  place: Place,
  wanted: number,
  { requests = REQUESTS, signal }: SplitOptions,
): Promise<Branch[]> {
  const budget = { left: requests }
  const look = createLook(place, budget, signal)
  const all = await look('')
  if (!all) return []
  const done: Branch[] = []
  const open: Branch[] = []
  const keep = (branch: Branch) => (branch.isOpen ? open : done).push(branch)
  keep(all)
  while (open.length > 0 && open.length + done.length < wanted && budget.left > 0) {
    const behind = BEHIND_OTHERS[place.store.capabilities.list.order]
    for (const branch of await divide(open.shift()!, look, behind)) keep(branch)
  }
  return [...open, ...done].toSorted((a, b) => compareUtf8(a.prefix, b.prefix))
}

/** The keys that begin with `prefix`, or the first of them after another; undefined where there are none. */
type Look = (prefix: string, after?: string) => Promise<Branch | undefined>

function createLook(
  { store, base }: Place,
  budget: { left: number },
  signal: AbortSignal | undefined,
): Look {
  return async (prefix, after) => {
    if (budget.left-- <= 0) return undefined
    const page = await store.list({
      prefix: base + prefix,
      ...(after !== undefined && { after: base + after, limit: 1 }),
      signal,
    })
    if (page.objects.length === 0) return undefined
    const keys = page.objects.map(({ key }) => key.slice(base.length))
    return { prefix, keys, isOpen: page.cursor !== undefined }
  }
}

/** By the character after what the first page's keys have in common, and whatever else begins otherwise. */
async function divide(
  { prefix, keys }: Branch,
  look: Look,
  behindOthers: string,
): Promise<Branch[]> {
  const common = sharedStart(keys[0]!, keys.at(-1)!)
  const branches: Branch[] = []
  let next: string | undefined = keys.find((key) => key.length > common.length)
  while (next !== undefined) {
    const child: string = beginning(next, sharedStart(next, common).length)
    const branch = await look(child)
    if (branch) branches.push(branch)
    const behind: Branch | undefined = await look(prefix, child + behindOthers)
    next = behind?.keys[0]
  }
  return branches
}

function sharedStart(a: string, b: string): string {
  let length = 0
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return a.slice(0, length)
}

/** So many units and the whole character that follows. */
function beginning(key: string, length: number): string {
  return key.slice(0, length) + String.fromCodePoint(key.codePointAt(length) ?? 0)
}

function chooseBounds(branches: readonly Branch[], order: JoinOrder, count: number): string[] {
  const weights = branches.map(({ keys, isOpen }) => {
    return isOpen ? keys.length * PAGES_OF_AN_OPEN_ONE : keys.length
  })
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const bounds: string[] = []
  let passed = 0
  const offer = (bound: string) => {
    const isDue = passed >= (total * (bounds.length + 1)) / count
    if (isDue && bounds.length < count - 1 && !order.isStray(bound)) bounds.push(bound)
  }
  for (const [index, { prefix, keys, isOpen }] of branches.entries()) {
    // All that came before sorts before the prefix itself.
    if (index > 0) offer(prefix)
    if (isOpen) passed += weights[index]!
    else {
      for (const key of keys.toSorted(compareUtf8)) {
        passed++
        offer(key)
      }
    }
  }
  return bounds.filter((bound, index) => index === 0 || compareUtf8(bound, bounds[index - 1]!) > 0)
}
