// Tokens of Microsoft Entra, for whoever has no account key: the chain that Azure's own tools walk, in
// their order and with their variables. The first source that is configured, or that answers, is used.

import type { Platform } from '#shared/platform.ts'
import { StorageError } from '../../errors.ts'
import type { CredentialSource } from '../../signer.ts'
import { keepUntilExpiry } from '../expiring.ts'
import { azureCli } from './azure-cli.ts'
import { clientSecret, workloadIdentity } from './entra.ts'
import { appServiceIdentity, virtualMachineIdentity } from './managed-identity.ts'

export interface AccessToken {
  token: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export interface TokenContext {
  store: string
  platform: Platform
}

/** Undefined where this source has nothing to say; a refusal is an error. */
export type TokenFetcher = (context: TokenContext) => Promise<AccessToken | undefined>

const CHAIN: readonly TokenFetcher[] = [
  clientSecret,
  workloadIdentity,
  appServiceIdentity,
  virtualMachineIdentity,
  azureCli,
]

export function tokenSource(platform: Platform, store: string): CredentialSource<AccessToken> {
  const context = { store, platform }
  return keepUntilExpiry(() => walk(context), {
    endOf: ({ expiresAt }) => expiresAt,
    now: platform.now,
  })
}

async function walk(context: TokenContext): Promise<AccessToken> {
  for (const fetchToken of CHAIN) {
    const token = await fetchToken(context)
    if (token) return token
  }
  throw new StorageError(
    'unauthenticated',
    `There are no credentials for ${context.store}: set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, give it a managed identity, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run "az login".`,
    { store: context.store },
  )
}
