// What lies beside the bytes: whether a replica has the headers, metadata and tags that a copy of the primary's object
// would have there. What its store cannot hold is not missed. Tags cost a request each, so they are asked for by
// whoever reads the bytes anyway, and where an answer says that there are some.

import { SOURCE_MARK } from '#shared/copy/mark.ts'
import { fittingProperties } from '#shared/copy/carry.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import type { Spent } from './look.ts'

const HEADERS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const

/** What stores say of an object whose writer said nothing. */
const NO_TYPE = new Set(['application/octet-stream', 'binary/octet-stream'])

/** What differs, by name; empty where nothing does. */
export function driftOf(source: ObjectInfo, there: ObjectInfo, to: Store): string[] {
  const mark = there.metadata[SOURCE_MARK]
  const own = mark === undefined ? {} : { [SOURCE_MARK]: mark }
  const wanted = fittingProperties(source, to, own)
  const headers = HEADERS.filter(
    (name) => plain(name, wanted[name]) !== plain(name, there[name]) && wanted[name] !== undefined,
  )
  const names = new Set([...Object.keys(wanted.metadata), ...Object.keys(there.metadata)])
  const metadata = [...names]
    .filter((name) => !name.startsWith('skein_'))
    .filter((name) => wanted.metadata[name] !== there.metadata[name])
  return [...headers, ...metadata.map((name) => `metadata.${name}`)]
}

function plain(name: (typeof HEADERS)[number], value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  return name === 'contentType' && NO_TYPE.has(value) ? undefined : value
}

type Tags = Readonly<Record<string, string>>

/** Of the objects of one key at several stores: asks for each one's tags once, and only if somebody wants them. */
export interface TagLook {
  /** Of which store the tags differ from the first one's, by its number: `tags`, or nothing. */
  driftOf(at: number): Promise<string[]>
}

export function lookAtTags(
  { places }: SweepContext,
  key: string,
  infos: readonly (ObjectInfo | undefined)[],
  spent: readonly Spent[],
): TagLook {
  const asked = new Map<number, Promise<Tags>>()
  const tagsAt = (at: number): Promise<Tags> => {
    const { store } = places[at]!
    const info = infos[at]
    // Where there are any, an answer tells how many; one that tells nothing of them leaves it open.
    if (info?.tagCount === 0) return Promise.resolve({})
    const asking = asked.get(at) ?? store.groups.tags.get(keyAt(places[at]!, key))
    if (!asked.has(at)) spent[at]!.gets++
    asked.set(at, asking)
    return asking
  }
  return {
    async driftOf(at) {
      const [from, to] = [places[0]!.store, places[at]!.store]
      const [source, there] = [infos[0], infos[at]]
      const max = to.capabilities.tags?.max ?? 0
      if (!from.capabilities.tags || max === 0 || !source || !there) return []
      if (source.tagCount === 0 && there.tagCount === 0) return []
      const [wanted, held] = await Promise.all([tagsAt(0), tagsAt(at)])
      const names = new Set([...Object.keys(wanted), ...Object.keys(held)])
      // As many as it cannot hold, a copy does without.
      if (Object.keys(wanted).length > max) return []
      return [...names].some((name) => wanted[name] !== held[name]) ? ['tags'] : []
    },
  }
}
