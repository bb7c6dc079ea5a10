// What every provider's settings are made from: the address, and all that was said about this one store.

import type { Platform } from '#shared/platform.ts'
import type { StoreAddress } from './address.ts'
import type { Capabilities } from './capabilities.ts'
import { StorageError } from './errors.ts'
import type { StoreOptions } from './options.ts'

export interface Opening {
  address: StoreAddress
  /** How messages call the store. */
  name: string
  capabilities: Capabilities
  options: StoreOptions
  platform: Platform
}

/** The origin to speak to: the URI's own `endpoint`, else the row's with its holes filled. */
export function resolveEndpoint(
  opening: Opening,
  holes: Record<string, string | undefined>,
): string {
  const { row, parameters } = opening.address
  const given = parameters['endpoint']
  if (given !== undefined) return checkEndpoint(given, opening.name)
  if (row.endpoint === undefined) {
    throw new StorageError(
      'invalid',
      `The store "${opening.name}" does not say where its server is; write it as ${row.example}.`,
      { store: opening.name },
    )
  }
  const [start = '', ...rest] = row.endpoint.split('{')
  return rest.reduce((filled, piece) => {
    const [hole = '', between = ''] = piece.split('}')
    const value = holes[hole]
    if (value !== undefined) return filled + value + between
    throw new StorageError(
      'invalid',
      `The store "${opening.name}" does not name its ${hole}; write it as ${row.example}.`,
      { store: opening.name },
    )
  }, start)
}

function checkEndpoint(endpoint: string, store: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const plain = url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === ''
  if (!plain) {
    throw new StorageError(
      'invalid',
      `The endpoint of the store "${store}" is not an http or https address such as https://s3.example.com.`,
      { store },
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
