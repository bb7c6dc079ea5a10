// What a workspace holds, in bounded memory however many objects there are: one cell for each prefix, age,
// size and placement (in which class each store has the object). Prefixes are kept as deep as there is room for;
// where it runs out, those that matter least are folded into the one above them, and nothing is lost but depth.

import { AGE_STEPS, ageStep, sizeStep } from './buckets.ts'

/** For each store of the inventory, in its order, the class there; null where it has no copy. */
export type Placement = readonly (string | null)[]

export interface Seen {
  key: string
  bytes: number
  ageDays: number
  placement: Placement
}

export interface Cell {
  prefix: string
  /** Index into `AGE_STEPS`. */
  age: number
  /** As `sizeStep` counts. */
  size: number
  placement: Placement
  objects: number
  bytes: number
  /** The mean of its objects. */
  ageDays: number
}

export interface Histogram {
  add(seen: Seen): void
  readonly cellCount: number
  cells(): IterableIterator<Cell>
  /** As JSON, to go on from with `createHistogram`. */
  record(): HistogramRecord
}

export interface HistogramRecord {
  placements: readonly Placement[]
  /** Prefix, and whether deeper ones may still be opened under it. */
  prefixes: readonly (readonly [prefix: string, open: boolean])[]
  /** Prefix and placement by number, age, size, objects, bytes, the sum of their ages in days. */
  cells: readonly (readonly number[])[]
}

export interface HistogramLimits {
  /** Cells are kept below this, unless the placements alone are more. */
  maxCells?: number
  maxDepth?: number
}

interface Sums {
  objects: number
  bytes: number
  days: number
}

interface Node {
  prefix: string
  parent: Node | undefined
  depth: number
  /** Deeper prefixes may be opened under it. */
  open: boolean
  children: Set<Node>
  cells: Map<number, Sums>
}

const MAX_CELLS = 20_000
const MAX_DEPTH = 6
/** A fold makes room for a while, so that it is not done at every object. */
const FOLD_TO = 0.7
const SIZES = 64

export function createHistogram(
  { maxCells = MAX_CELLS, maxDepth = MAX_DEPTH }: HistogramLimits = {},
  from?: HistogramRecord,
): Histogram {
  const placements = createInterned()
  const nodes = new Map<string, Node>()
  const root = open('', undefined)
  let cellCount = 0
  let folder = ''
  let folderNode: Node | undefined
  let foldAt = maxCells

  function open(prefix: string, parent: Node | undefined): Node {
    const depth = parent ? parent.depth + 1 : 0
    const node: Node = { prefix, parent, depth, open: true, children: new Set(), cells: new Map() }
    parent?.children.add(node)
    nodes.set(prefix, node)
    return node
  }

  function nodeOf(key: string): Node {
    let node = root
    while (node.depth < maxDepth) {
      const end = key.indexOf('/', node.prefix.length)
      if (end < 0) break
      const prefix = key.slice(0, end + 1)
      const child = nodes.get(prefix) ?? (node.open ? open(prefix, node) : undefined)
      if (!child) break
      node = child
    }
    return node
  }

  /** Listings come in order, so that most keys lie where the one before did. */
  function nodeNear(key: string): Node {
    const end = key.lastIndexOf('/') + 1
    if (folderNode && end === folder.length && key.startsWith(folder)) return folderNode
    folder = key.slice(0, end)
    folderNode = nodeOf(key)
    return folderNode
  }

  function addTo(node: Node, code: number, { objects, bytes, days }: Sums): void {
    const there = node.cells.get(code)
    if (there) {
      there.objects += objects
      there.bytes += bytes
      there.days += days
    } else {
      node.cells.set(code, { objects, bytes, days })
      cellCount++
    }
  }

  function fold(): void {
    const target = Math.floor(maxCells * FOLD_TO)
    while (cellCount > target) {
      const parents = foldable(root).toSorted((a, b) => a.worth - b.worth)
      if (parents.length === 0) break
      for (const { node } of parents) {
        foldInto(node)
        if (cellCount <= target) break
      }
    }
    folderNode = undefined
    // What cannot be folded any more is not tried again at each object.
    foldAt = Math.max(maxCells, cellCount * 2)
  }

  function foldInto(parent: Node): void {
    parent.open = false
    for (const child of parent.children) {
      if (child.children.size > 0) continue
      cellCount -= child.cells.size
      for (const [code, sums] of child.cells) addTo(parent, code, sums)
      parent.children.delete(child)
      nodes.delete(child.prefix)
    }
  }

  function restore({ placements: known, prefixes, cells }: HistogramRecord): void {
    const numbers = known.map((placement) => placements.numberOf(placement))
    for (const [prefix, isOpen] of prefixes) {
      const node = prefix === '' ? root : open(prefix, nodeOf(parentOf(prefix)))
      node.open = isOpen
    }
    for (const [at, placement, age, size, objects, bytes, days] of cells) {
      const node = nodes.get(prefixes[at!]![0])!
      addTo(node, codeOf(numbers[placement!]!, age!, size!), {
        ...{ objects: objects!, bytes: bytes!, days: days! },
      })
    }
  }

  if (from) restore(from)

  return {
    add({ key, bytes, ageDays, placement }) {
      const days = Math.max(0, ageDays)
      const code = codeOf(placements.numberOf(placement), ageStep(days), sizeStep(bytes))
      addTo(nodeNear(key), code, { objects: 1, bytes, days })
      if (cellCount > foldAt) fold()
    },
    get cellCount() {
      return cellCount
    },
    *cells() {
      for (const { prefix, cells } of nodes.values()) {
        for (const [code, sums] of cells) yield toCell(prefix, code, sums, placements)
      }
    },
    record() {
      const ordered = [...nodes.values()].toSorted((a, b) => a.depth - b.depth)
      return {
        placements: placements.all(),
        prefixes: ordered.map((node) => [node.prefix, node.open]),
        cells: ordered.flatMap(({ cells }, at) =>
          [...cells].map(([code, { objects, bytes, days }]) => {
            const { placement, age, size } = partsOf(code)
            return [at, placement, age, size, objects, bytes, days]
          }),
        ),
      }
    },
  }
}

function parentOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1)
}

/** Prefixes that have some without deeper ones under them, with what their depth is worth: bytes told apart by a cell. */
function foldable(node: Node): { node: Node; worth: number }[] {
  let cells = 0
  let bytes = 0
  const found: { node: Node; worth: number }[] = []
  for (const child of node.children) {
    if (child.children.size > 0) {
      found.push(...foldable(child))
    } else {
      cells += child.cells.size
      for (const sums of child.cells.values()) bytes += sums.bytes
    }
  }
  const hasLeaves = [...node.children].some(({ children }) => children.size === 0)
  if (hasLeaves) found.push({ node, worth: cells === 0 ? 0 : bytes / cells })
  return found
}

function codeOf(placement: number, age: number, size: number): number {
  return (placement * AGE_STEPS.length + age) * SIZES + size
}

function partsOf(code: number): { placement: number; age: number; size: number } {
  const rest = Math.floor(code / SIZES)
  return {
    placement: Math.floor(rest / AGE_STEPS.length),
    age: rest % AGE_STEPS.length,
    size: code % SIZES,
  }
}

function toCell(
  prefix: string,
  code: number,
  { objects, bytes, days }: Sums,
  placements: Interned,
): Cell {
  const { placement, age, size } = partsOf(code)
  return {
    ...{ prefix, age, size, placement: placements.all()[placement]! },
    ...{ objects, bytes, ageDays: days / objects },
  }
}

type Interned = ReturnType<typeof createInterned>

interface Branch {
  number: number | undefined
  next: Map<string | null, Branch>
}

/** Found class by class, so that nothing is made for an object whose placement is known. */
function createInterned() {
  const list: Placement[] = []
  const root: Branch = { number: undefined, next: new Map() }
  return {
    all: () => list,
    numberOf(placement: Placement): number {
      let branch = root
      for (let store = 0; store < placement.length; store++) {
        const name = placement[store]!
        let next = branch.next.get(name)
        if (!next) branch.next.set(name, (next = { number: undefined, next: new Map() }))
        branch = next
      }
      if (branch.number === undefined) {
        branch.number = list.length
        list.push([...placement])
      }
      return branch.number
    },
  }
}
