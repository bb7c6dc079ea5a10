// What the tests of S3 signing open a bucket with: no store, no driver, a clock that stands still.

import type { Platform } from '#shared/platform.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { withOverrides } from '#shared/storage/capabilities.ts'
import type { Opening } from '#shared/storage/opening.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { S3Settings } from '#shared/storage/providers/s3/settings.ts'
import { s3Settings } from '#shared/storage/providers/s3/settings.ts'

/** Amazon's documentation signs with this pair at this moment. */
export const DOCUMENTED_KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
export const DOCUMENTED_TIME = Date.parse('2013-05-24T00:00:00Z')

export interface Around {
  env?: Record<string, string>
  options?: StoreOptions
  platform?: Partial<Platform>
}

export function s3Opening(uri: string, around: Around = {}): Opening {
  const address = parseStoreUri(uri)
  const options = around.options ?? {}
  return {
    address,
    name: address.label,
    capabilities: withOverrides(address.row.capabilities, options.capabilities),
    options,
    platform: {
      env: around.env ?? {},
      fileSystem: false,
      now: () => DOCUMENTED_TIME,
      ...around.platform,
    },
  }
}

export function documentedSettings(uri: string, options: StoreOptions = {}): S3Settings {
  return s3Settings(s3Opening(uri, { options: { credentials: DOCUMENTED_KEYS, ...options } }))
}
