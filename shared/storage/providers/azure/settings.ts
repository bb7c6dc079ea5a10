// An Azure store's settings: which account, container and endpoint, and with what credentials. Made
// without a request; every fault that can be seen without one is told here.

import type { Capabilities } from '../../capabilities.ts'
import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import { resolveEndpoint } from '../../opening.ts'
import type { AzureCredential } from './credentials.ts'
import { findCredential } from './credentials.ts'

export interface AzureSettings {
  /** How messages call the store. */
  name: string
  account: string
  container: string
  /** Without a slash at the end; an emulator's carries the account in its path. */
  endpoint: string
  credential: AzureCredential
  capabilities: Capabilities
  now(): number
}

export function azureSettings(opening: Opening): AzureSettings {
  const { name, capabilities, platform } = opening
  const { container, account } = checkNames(opening)
  const { credential, blobEndpoint } = findCredential(opening, account)
  const given = opening.address.parameters['endpoint']
  return {
    name,
    account,
    container,
    endpoint:
      given === undefined && blobEndpoint !== undefined
        ? blobEndpoint
        : withAccountPath(resolveEndpoint(opening, { account }), account),
    credential,
    capabilities,
    now: () => platform.now(),
  }
}

// https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
const ACCOUNT = /^[a-z0-9]{3,24}$/
const CONTAINER = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/

function checkNames({ address, name }: Opening): { container: string; account: string } {
  const { account = '', bucket: container } = address
  if (!ACCOUNT.test(account)) {
    throw new StorageError(
      'invalid',
      `The account "${account}" of the store "${name}" cannot be: Azure's have 3 to 24 lower-case letters and digits.`,
      { store: name },
    )
  }
  if (!CONTAINER.test(container)) {
    throw new StorageError(
      'invalid',
      `The container "${container}" of the store "${name}" cannot be: Azure's have 3 to 63 lower-case letters, digits and single hyphens.`,
      { store: name },
    )
  }
  return { container, account }
}

/** Where a host name cannot carry the account, as with an emulator, the path does. */
function withAccountPath(endpoint: string, account: string): string {
  const { hostname, pathname } = new URL(endpoint)
  const bare = hostname === 'localhost' || hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  return bare && pathname === '/' ? `${endpoint}/${account}` : endpoint
}
