// From a URI to a `Store`. Signers are small and here at once; a driver is imported when the
// first transfer asks for it, so that a function that only signs never pays for one.

import type { Platform } from '#shared/platform.ts'
import type { StoreAddress } from './address.ts'
import { parseStoreUri } from './address.ts'
import { withOverrides } from './capabilities.ts'
import type { ProviderRow, Wire } from './compatibility.ts'
import { R2_BINDING_OVERRIDES } from './compatibility.ts'
import type { Driver } from './contract.ts'
import type { Opening } from './opening.ts'
import type { StoreOptions } from './options.ts'
import { azureSettings } from './providers/azure/settings.ts'
import { createAzureSigner } from './providers/azure/sign.ts'
import { fileSettings } from './providers/file/settings.ts'
import { createFileSigner } from './providers/file/sign.ts'
import { gcsSettings } from './providers/gcs/settings.ts'
import { createGcsSigner } from './providers/gcs/sign.ts'
import { s3Settings } from './providers/s3/settings.ts'
import { createS3Signer } from './providers/s3/sign.ts'
import type { Signer } from './signer.ts'
import { Store } from './store.ts'

interface Door {
  region?: string
  home?: string
  signer?: Signer
  driver: () => Promise<Driver>
}

const WIRES: Record<Wire | 'r2-binding', (opening: Opening) => Door> = {
  s3(opening) {
    const settings = s3Settings(opening)
    return {
      region: settings.region,
      // Amazon has an endpoint for each region, and copies between them.
      home: settings.endpoint.replace(`.${settings.region}.amazonaws`, '.amazonaws'),
      signer: createS3Signer(settings),
      driver: async () => (await import('./providers/s3/driver.ts')).createS3Driver(settings),
    }
  },
  gcs(opening) {
    const settings = gcsSettings(opening)
    return {
      home: settings.endpoint,
      signer: createGcsSigner(settings),
      driver: async () => (await import('./providers/gcs/driver.ts')).createGcsDriver(settings),
    }
  },
  azure(opening) {
    const settings = azureSettings(opening)
    return {
      home: settings.endpoint,
      signer: createAzureSigner(settings),
      driver: async () => (await import('./providers/azure/driver.ts')).createAzureDriver(settings),
    }
  },
  /** R2 through a Worker's binding; signed by the S3 keys all the same, since a binding signs nothing. */
  'r2-binding'(opening) {
    return {
      signer: createS3Signer(s3Settings(opening)),
      driver: async () => (await import('./providers/r2.ts')).createR2Driver(opening),
    }
  },
  file(opening) {
    const settings = fileSettings(opening)
    return {
      home: `file:${settings.folder}`,
      signer: createFileSigner(settings),
      driver: async () => (await import('./providers/file/driver.ts')).createFileDriver(settings),
    }
  },
  memory(opening) {
    return {
      home: `memory:${opening.address.bucket}`,
      driver: async () => (await import('./providers/memory.ts')).createMemoryDriver(opening),
    }
  },
}

/** Everything a provider is opened from. Opens no connection; every fault that shows without one is thrown here. */
export function createOpening(
  place: string | StoreAddress,
  platform: Platform,
  options: StoreOptions = {},
  rows?: readonly ProviderRow[],
): Opening {
  const address = typeof place === 'string' ? parseStoreUri(place, rows) : place
  const capabilities = withOverrides(
    address.row.capabilities,
    isBound(address) ? R2_BINDING_OVERRIDES : undefined,
    options.capabilities,
  )
  return { address, name: options.name ?? address.label, capabilities, options, platform }
}

/** `place`: a URI, or one that was taken apart before. */
export function openStore(
  place: string | StoreAddress,
  platform: Platform,
  options: StoreOptions = {},
  rows?: readonly ProviderRow[],
): Store {
  const opening = createOpening(place, platform, options, rows)
  const { address } = opening
  const door = WIRES[isBound(address) ? 'r2-binding' : address.row.wire](opening)
  return new Store({ ...door, opening })
}

function isBound({ parameters }: StoreAddress): boolean {
  return parameters['binding'] !== undefined
}
