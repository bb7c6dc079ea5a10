// Tokens from Microsoft Entra itself: for an application with a secret, and for a workload that shows a
// token of its own cluster instead of one.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow

import { StorageError } from '../../errors.ts'
import { readLocalFile } from './local-machine.ts'
import { fetchToken, STORAGE_RESOURCE } from './token-request.ts'
import type { AccessToken, TokenContext, TokenFetcher } from './tokens.ts'

export const clientSecret: TokenFetcher = async (context) => {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = context.platform.env
  if (!AZURE_TENANT_ID || !AZURE_CLIENT_ID || !AZURE_CLIENT_SECRET) return undefined
  return requestToken(context, AZURE_TENANT_ID, AZURE_CLIENT_ID, {
    client_secret: AZURE_CLIENT_SECRET,
  })
}

export const workloadIdentity: TokenFetcher = async (context) => {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE } = context.platform.env
  if (!AZURE_TENANT_ID || !AZURE_CLIENT_ID || !AZURE_FEDERATED_TOKEN_FILE) return undefined
  // Read anew each time: the cluster replaces it.
  const assertion = await readLocalFile(AZURE_FEDERATED_TOKEN_FILE)
  if (assertion === undefined) {
    throw new StorageError(
      'unauthenticated',
      `The file that AZURE_FEDERATED_TOKEN_FILE names for ${context.store} cannot be read; check its path and rights.`,
      { store: context.store },
    )
  }
  return requestToken(context, AZURE_TENANT_ID, AZURE_CLIENT_ID, {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion.trim(),
  })
}

const PUBLIC_CLOUD = 'https://login.microsoftonline.com'

function requestToken(
  context: TokenContext,
  tenant: string,
  client: string,
  proof: Record<string, string>,
): Promise<AccessToken> {
  const authority = (context.platform.env['AZURE_AUTHORITY_HOST'] || PUBLIC_CLOUD).replace(
    /\/+$/,
    '',
  )
  return fetchToken(context, {
    server: 'Microsoft Entra',
    url: `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
    init: {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: `${STORAGE_RESOURCE}/.default`,
        client_id: client,
        ...proof,
      }),
    },
    timeoutSeconds: 10,
  })
}
