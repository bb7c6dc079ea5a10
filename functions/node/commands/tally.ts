// Counts objects as they are listed, in bounded memory: the folders of the first level, of which only the
// first thousand get a line of their own.

import type { ListedObject } from '#shared/storage/contract.ts'

interface Row {
  name: string
  objects: number
  bytes: number
}

const MOST_FOLDERS = 1000
const SIZES = [
  ['empty', 0],
  ['to 16 KiB', 16 * 2 ** 10],
  ['to 128 KiB', 128 * 2 ** 10],
  ['to 1 MiB', 2 ** 20],
  ['to 16 MiB', 16 * 2 ** 20],
  ['to 128 MiB', 128 * 2 ** 20],
  ['to 1 GiB', 2 ** 30],
  ['larger', Number.POSITIVE_INFINITY],
] as const

export class Tally {
  #objects = 0
  #bytes = 0
  #lastModified: Date | undefined
  readonly #under: string
  readonly #folders = new Map<string, Row>()
  readonly #classes = new Map<string, Row>()
  readonly #sizes = new Map<string, Row>()

  constructor(under: string) {
    this.#under = under.slice(0, under.lastIndexOf('/') + 1)
  }

  add({ key, size, modified, storageClass }: ListedObject): void {
    this.#objects++
    this.#bytes += size
    if (this.#lastModified === undefined || modified > this.#lastModified)
      this.#lastModified = modified
    count(this.#folders, this.#folderOf(key), size)
    count(this.#classes, storageClass ?? 'standard', size)
    count(this.#sizes, SIZES.find(([, most]) => size <= most)![0], size)
  }

  #folderOf(key: string): string {
    const rest = key.slice(this.#under.length)
    const slash = rest.indexOf('/')
    const folder = slash < 0 ? '(here)' : rest.slice(0, slash + 1)
    return this.#folders.has(folder) || this.#folders.size < MOST_FOLDERS ? folder : '(others)'
  }

  result(detailed: boolean): {
    objects: number
    bytes: number
    lastModified: Date | undefined
    details?: { title: string; rows: Row[] }[]
  } {
    const total = { objects: this.#objects, bytes: this.#bytes, lastModified: this.#lastModified }
    if (!detailed) return total
    const sizes = SIZES.flatMap(([name]) => this.#sizes.get(name) ?? [])
    return {
      ...total,
      details: [
        { title: 'FOLDER', rows: byBytes(this.#folders) },
        { title: 'CLASS', rows: byBytes(this.#classes) },
        { title: 'SIZE', rows: sizes },
      ],
    }
  }
}

function count(rows: Map<string, Row>, name: string, bytes: number): void {
  const row = rows.get(name) ?? { name, objects: 0, bytes: 0 }
  row.objects++
  row.bytes += bytes
  rows.set(name, row)
}

function byBytes(rows: Map<string, Row>): Row[] {
  return [...rows.values()].toSorted((a, b) => b.bytes - a.bytes)
}
