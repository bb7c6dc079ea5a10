// A folder's keys in their order, with bounded memory: of each folder on the way down a window of names is
// held, sorted by what they stand for. A window serves the following pages too, for as long as its folder
// has not changed, so that a folder of a million files is read a few times and not once a page.

import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareUtf8, keyProblem } from '../../keys.ts'
import type { Place } from '../folding.ts'
import { firstIndex, isBefore } from '../folding.ts'
import { look } from './durable.ts'
import { unless } from './faults.ts'
import { OWN_FOLDER, isPathOf, keyToSteps, nameToMeaning } from './names.ts'

const DEFAULT_WINDOW = 40_000
const KEPT_WINDOWS = 4
/** A change within the clock tick of the last one may not show in a folder's time. */
const SETTLED_NANOSECONDS = 100_000_000n

export interface Found {
  key: string
  path: string
}

/** What stands in a folder; `text` ends in a slash for a folder, so that texts sort as keys do. */
interface Entry {
  text: string
  /** From the folder that is read; of several names where a long segment goes on inside. */
  path: string
  isFolder: boolean
}

interface Window {
  /** The folder's time of change when it was read; undefined when the window must not be used again. */
  changed: bigint | undefined
  /** Nothing in front of this is in it. */
  from: string
  entries: Entry[]
  /** Nothing is behind it. */
  isLast: boolean
}

/** The keys of a folder, or of what is below a folder in it. */
interface Level {
  path: string
  names: string[]
  /** What keys here begin with. */
  prefix: string
}

export class Walker {
  readonly #root: string
  readonly #size: number
  readonly #windows = new Map<string, Window>()

  constructor(root: string, windowSize = DEFAULT_WINDOW) {
    this.#root = root
    this.#size = windowSize
  }

  async *walk(place: Place): AsyncGenerator<Found> {
    const level = await this.#start(place.prefix)
    if (level) yield* this.#below(level, place)
  }

  /** The deepest folder that all keys with the prefix are in, or undefined when there is none. */
  async #start(prefix: string): Promise<Level | undefined> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const level: Level = { path: this.#root, names: [], prefix: folder }
    if (folder === '') return level
    // The object `x` in that folder tells the way; its own name is not part of it.
    const key = `${folder}x`
    if (keyProblem(key, Number.MAX_SAFE_INTEGER) !== undefined) return undefined
    for (const { name } of keyToSteps(key).slice(0, -1)) {
      level.path = join(level.path, name)
      level.names.push(name)
      if (!(await look(level.path))?.isDirectory()) return undefined
    }
    return level
  }

  async *#below(level: Level, place: Place): AsyncGenerator<Found> {
    let from = firstText(level.prefix, place)
    let last: string | undefined
    for (;;) {
      const window = await this.#window(level.path, from)
      const isInFront = ({ text }: Entry) => compareUtf8(text, from) < 0
      for (let at = firstIndex(window.entries, isInFront); at < window.entries.length; at++) {
        const entry = window.entries[at]!
        const key = level.prefix + entry.text
        if (isBehind(key, place.prefix)) return
        if (!mayHold(key, entry.isFolder, place) || key === last) continue
        const names = [...level.names, ...entry.path.split('/')]
        const path = join(level.path, entry.path)
        if (entry.isFolder) {
          const below = { path, names, prefix: key }
          if (isFolded(key, place)) yield* findAny(below)
          else yield* this.#below(below, place)
        } else if (isObject(key, names)) {
          last = key
          yield { key, path }
        }
      }
      const end = window.entries.at(-1)
      if (window.isLast || !end) return
      from = `${end.text}\0`
    }
  }

  async #window(path: string, from: string): Promise<Window> {
    const known = this.#windows.get(path)
    if (known && covers(known, from) && known.changed === (await changeTime(path))) return known
    const window = await readWindow(path, from, this.#size, path === this.#root)
    this.#windows.delete(path)
    if (window.changed !== undefined) this.#windows.set(path, window)
    const [oldest] = this.#windows.keys()
    if (this.#windows.size > KEPT_WINDOWS && oldest !== undefined) this.#windows.delete(oldest)
    return window
  }
}

/** The first text in this folder that may be wanted: a folder's is, when the place is inside it. */
function firstText(prefix: string, place: Place): string {
  let first = ''
  for (const bound of [place.after, place.past, place.prefix]) {
    if (!bound.startsWith(prefix)) continue
    const rest = bound.slice(prefix.length)
    const slash = rest.indexOf('/')
    const text = slash < 0 ? rest : rest.slice(0, slash + 1)
    if (compareUtf8(text, first) > 0) first = text
  }
  return first
}

function isBehind(key: string, prefix: string): boolean {
  return !key.startsWith(prefix) && !prefix.startsWith(key) && compareUtf8(key, prefix) > 0
}

/** Whether the key, or one below it where it is a folder's, lies in the place. */
function mayHold(key: string, isFolder: boolean, place: Place): boolean {
  const { prefix, after, past } = place
  if (!isFolder) return key.startsWith(prefix) && !isBefore(key, place)
  if (!key.startsWith(prefix) && !prefix.startsWith(key)) return false
  if (!after.startsWith(key) && compareUtf8(key, after) < 0) return false
  if (past === '') return true
  return !key.startsWith(past) && (past.startsWith(key) || compareUtf8(key, past) > 0)
}

/** Whether all keys below the folder fold into one, and none of them lies in front of the place. */
function isFolded(key: string, { prefix, after, delimiter }: Place): boolean {
  return delimiter === '/' && key.startsWith(prefix) && !after.startsWith(key)
}

/** One key of the level, if it has any: found without looking at a million others. */
async function* findAny({ path, names, prefix }: Level): AsyncGenerator<Found> {
  const below: Level[] = []
  for await (const entry of readEntries(path, false)) {
    const inside = {
      path: join(path, entry.path),
      names: [...names, ...entry.path.split('/')],
      prefix: prefix + entry.text,
    }
    if (entry.isFolder) {
      below.push(inside)
    } else if (isObject(inside.prefix, inside.names)) {
      yield { key: inside.prefix, path: inside.path }
      return
    }
  }
  for (const level of below) {
    for await (const found of findAny(level)) {
      yield found
      return
    }
  }
}

function isObject(key: string, names: string[]): boolean {
  return keyProblem(key) === undefined && isPathOf(key, names)
}

function covers({ from: start, entries, isLast }: Window, from: string): boolean {
  if (compareUtf8(from, start) < 0) return false
  const end = entries.at(-1)
  return isLast || (end !== undefined && compareUtf8(from, end.text) <= 0)
}

async function changeTime(path: string): Promise<bigint | undefined> {
  return (await look(path))?.mtimeNs
}

/** The first entries from a text on, sorted: a pass over the folder that never holds more than twice the size. */
async function readWindow(
  path: string,
  from: string,
  size: number,
  isTop: boolean,
): Promise<Window> {
  const changed = await changeTime(path)
  const isSettled =
    changed !== undefined && changed + SETTLED_NANOSECONDS < BigInt(Date.now()) * 1_000_000n
  const entries: Entry[] = []
  let end: string | undefined
  let isReusable = isSettled
  for await (const entry of readEntries(path, isTop)) {
    // Of what is in a folder below, this one's time says nothing.
    if (entry.path.includes('/')) isReusable = false
    if (compareUtf8(entry.text, from) < 0) continue
    if (end !== undefined && compareUtf8(entry.text, end) > 0) continue
    entries.push(entry)
    if (entries.length >= size * 2) end = cut(entries, size)
  }
  if (entries.length > size) end = cut(entries, size)
  else entries.sort(compareEntries)
  return { changed: isReusable ? changed : undefined, from, entries, isLast: end === undefined }
}

/** Keeps the first ones; returns the last of them. */
function cut(entries: Entry[], size: number): string | undefined {
  entries.sort(compareEntries)
  entries.length = size
  return entries.at(-1)?.text
}

/** The object in its plain place goes before one beside a folder. */
function compareEntries(a: Entry, b: Entry): number {
  return compareUtf8(a.text, b.text) || a.path.length - b.path.length
}

/** Links and special files are left out, and so is what is ours. */
async function* readEntries(path: string, isTop: boolean): AsyncGenerator<Entry> {
  const folder = await unless(['ENOENT', 'ENOTDIR'], opendir(path, { bufferSize: 1024 }))
  if (!folder) return
  for await (const item of folder) {
    if (isTop && item.name === OWN_FOLDER) continue
    const { text, kind } = nameToMeaning(item.name)
    if (item.isFile() && kind !== 'continued') yield { text, path: item.name, isFolder: false }
    if (!item.isDirectory() || kind === 'beside') continue
    if (kind === 'plain') yield { text: `${text}/`, path: item.name, isFolder: true }
    else yield* readContinued(path, item.name, text)
  }
}

async function* readContinued(
  parent: string,
  name: string,
  beginning: string,
): AsyncGenerator<Entry> {
  for await (const { text, path, isFolder } of readEntries(join(parent, name), false)) {
    yield { text: beginning + text, path: `${name}/${path}`, isFolder }
  }
}
