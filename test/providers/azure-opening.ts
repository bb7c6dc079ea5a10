// How the Azure tests open a store: like a caller does, with an environment of their own.

import { parseStoreUri } from '#shared/storage/address.ts'
import type { Opening } from '#shared/storage/opening.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { AzureSettings } from '#shared/storage/providers/azure/settings.ts'
import { azureSettings } from '#shared/storage/providers/azure/settings.ts'

export interface OpenedWith {
  env?: Record<string, string>
  credentials?: StoreOptions['credentials']
  fileSystem?: boolean
  now?: () => number
}

export function openingOf(uri: string, given: OpenedWith = {}): Opening {
  const address = parseStoreUri(uri)
  return {
    address,
    name: 'photos',
    capabilities: address.row.capabilities,
    options: { credentials: given.credentials },
    platform: {
      env: given.env ?? {},
      fileSystem: given.fileSystem ?? false,
      now: given.now ?? Date.now,
    },
  }
}

export function settingsOf(uri: string, given?: OpenedWith): AzureSettings {
  return azureSettings(openingOf(uri, given))
}
