// How people name a store or an object on the command line: `photos:cats/a.jpg` with a store of the
// configuration, or a URI such as `s3://bucket/cats/a.jpg?region=eu-west-1` with none.

import { openConfigured } from '#shared/config/open-configured.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'

export interface Location {
  store: Store
  /** What follows the store: a key, or the beginning of keys; may be empty. */
  key: string
}

export async function locate(
  context: Pick<Context, 'platform' | 'config'>,
  text: string,
): Promise<Location> {
  const { platform } = context
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const rest = colon < 0 ? '' : text.slice(colon + 1)
  const config = await context.config()
  if (config.stores.has(name) && !rest.startsWith('//')) {
    return { store: openConfigured(config, name, platform), key: rest }
  }
  if (!isScheme(name)) {
    const known = [...config.stores.keys()].join(', ')
    throw new UsageError(
      `There is no store "${name}": the configuration ${config.source} has ${known}, and no provider has that scheme.`,
    )
  }
  return splitUri(text, context)
}

function isScheme(name: string): boolean {
  return PROVIDERS.some((row) => row.scheme === name.toLowerCase())
}

/** A URI of an object is its store's with the key for a prefix. */
function splitUri(uri: string, { platform }: Pick<Context, 'platform'>): Location {
  const address = parseStoreUri(uri)
  if (address.row.wire === 'file' || address.row.wire === 'memory') {
    return { store: openStore(uri, platform), key: '' }
  }
  const [path = '', query] = uri.split(/\?(.*)/s)
  const segments = path.split('/')
  const named = address.account === undefined ? 3 : 4
  const root = segments.slice(0, named).join('/')
  const key = decodeURIComponent(segments.slice(named).join('/'))
  return { store: openStore(query === undefined ? root : `${root}?${query}`, platform), key }
}

/** The location of one object. */
export async function locateObject(context: Context, text: string): Promise<Location> {
  const location = await locate(context, text)
  if (location.key === '') {
    throw new UsageError(`"${text}" names a store and no object; write ${location.store.name}:KEY.`)
  }
  return location
}
