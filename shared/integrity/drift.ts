// What lies beside the bytes: whether a replica has the headers and metadata that a copy of the primary's object
// would have there. What its store cannot hold is not missed, and tags, which cost requests, are not asked for.

import { SOURCE_MARK } from '#shared/copy/mark.ts'
import { fittingProperties } from '#shared/copy/carry.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'

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
