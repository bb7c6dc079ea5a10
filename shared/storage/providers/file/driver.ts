// A folder of the local disk as a store: keys are paths, writes are atomic and durable, conditions hold
// among all processes that use the folder. Links are never followed, and nothing outside is ever reached.

import type { DeleteTarget, Driver, ListedObject } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { foldPage } from '../folding.ts'
import { noVersions } from '../refusals.ts'
import { look, stampOf } from './durable.ts'
import { withFaults } from './faults.ts'
import { Folder } from './folder.ts'
import { partsGroup } from './parts.ts'
import { describe, readObject, toInfo } from './reading.ts'
import { replaceRecord, toRecord } from './records.ts'
import type { FileSettings } from './settings.ts'
import type { Found } from './walking.ts'
import { Walker } from './walking.ts'
import { copyObject, writeObject } from './writing.ts'

/** As many calls to the disk as Node makes at a time, twice. */
const AT_ONCE = 8

export function createFileDriver(settings: FileSettings): Driver {
  const { name: store, capabilities } = settings
  const folder = new Folder(settings.folder, store)
  const walker = new Walker(folder.root)
  return {
    capabilities,

    head: (key, { signal }) =>
      withFaults(store, key, async () => {
        signal.throwIfAborted()
        return toInfo(key, await describe(folder, key))
      }),

    get: (key, options) =>
      withFaults(store, key, async () => {
        options.signal.throwIfAborted()
        return readObject(folder, key, options)
      }),

    put: (key, content, options) =>
      withFaults(store, key, async () => {
        options.signal.throwIfAborted()
        return writeObject(folder, key, content, options)
      }),

    delete: (targets, { signal }) =>
      inBatches(targets, async (target) => {
        signal.throwIfAborted()
        const error = await remove(folder, target, signal)
        return error ? { key: target.key, error } : { key: target.key }
      }),

    list: ({ signal, limit = capabilities.list.maxKeys, ...options }) =>
      withFaults(store, undefined, async () => {
        signal.throwIfAborted()
        const page = await foldPage(options, limit, (place) => walker.walk(place))
        const found = await inBatches(page.entries, (entry) => toListed(folder, entry))
        const objects = found.filter((object) => object !== undefined)
        return { objects, prefixes: page.prefixes, cursor: page.cursor }
      }),

    copy: (from, key, options) =>
      withFaults(store, key, async () => {
        options.signal.throwIfAborted()
        return copyObject(folder, from, key, options)
      }),

    multipart: partsGroup(folder),

    tags: {
      get: (key) =>
        withFaults(store, key, async () => ({ ...(await describe(folder, key)).record?.tags })),
      set: (key, tags, { signal }) =>
        withFaults(store, key, () => setTags(folder, key, tags, signal)),
    },
  }
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let first = 0; first < items.length; first += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(run))))
  }
  return results
}

async function remove(
  folder: Folder,
  { key, version, ifMatch }: DeleteTarget,
  signal: AbortSignal,
): Promise<StorageError | undefined> {
  const { store } = folder
  try {
    if (version !== undefined) throw noVersions(store, key)
    await withFaults(store, key, () => folder.remove(key, ifMatch, signal))
    return undefined
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
}

/** Undefined for what has gone since the folder was read. */
async function toListed(folder: Folder, { key, path }: Found): Promise<ListedObject | undefined> {
  let stats = await look(path)
  // It may have made room for a folder of its name.
  if (!stats?.isFile()) stats = (await folder.locate(key))?.stats
  if (!stats) return undefined
  const modified = new Date(Number(stats.mtimeNs / 1_000_000n))
  return { key, size: Number(stats.size), etag: stampOf(stats), modified }
}

function setTags(
  folder: Folder,
  key: string,
  tags: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  return folder.lock(key, signal, async () => {
    const { located, record } = await describe(folder, key)
    const known = record ?? toRecord(key, located.stamp, {}, {})
    await replaceRecord(folder.own, { ...known, tags })
  })
}
