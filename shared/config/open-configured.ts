// One store of a configuration, opened by its name. Apart from what checks a configuration, which whoever was
// given a checked one does not load.

import type { Platform } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Config } from './config.ts'

export function openConfigured(config: Config, name: string, platform: Platform): Store {
  const store = config.stores.get(name)
  if (store === undefined) {
    const known = [...config.stores.keys()].join(', ')
    throw new StorageError(
      'invalid',
      `The configuration has no store "${name}"; it has ${known}.`,
      { store: name },
    )
  }
  return openStore(store.address ?? store.uri, platform, store.options)
}
