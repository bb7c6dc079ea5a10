// Tokens of a managed identity, from the endpoint that App Service and Functions put beside the code, or
// from the metadata service of a virtual machine. AZURE_CLIENT_ID picks one of several identities.

import { askForToken, fetchToken, readToken, refused, STORAGE_RESOURCE } from './token-request.ts'
import type { TokenContext, TokenFetcher } from './tokens.ts'

/** https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
export const appServiceIdentity: TokenFetcher = async (context) => {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = context.platform.env
  if (!IDENTITY_ENDPOINT || !IDENTITY_HEADER) return undefined
  return fetchToken(context, {
    server: 'The managed identity endpoint',
    url: identityUrl(IDENTITY_ENDPOINT, '2019-08-01', context),
    init: { headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER } },
    timeoutSeconds: 10,
  })
}

const METADATA_SERVICE = 'http://169.254.169.254'

/**
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 * Nobody there, or a machine without an identity (400), is no error: the next source is asked.
 */
export const virtualMachineIdentity: TokenFetcher = async (context) => {
  const { platform } = context
  const host = platform.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] || METADATA_SERVICE
  const request = {
    server: 'The metadata service of this machine',
    url: identityUrl(`${host}/metadata/identity/oauth2/token`, '2018-02-01', context),
    init: { headers: { Metadata: 'true' } },
    timeoutSeconds: 2,
  }
  const answer = await askForToken(request)
  if (!answer || answer.status === 400 || answer.status === 404) return undefined
  const token = answer.status === 200 ? readToken(answer.body, platform.now()) : undefined
  if (token) return token
  throw refused(context, request, answer)
}

function identityUrl(endpoint: string, version: string, { platform }: TokenContext): string {
  const url = new URL(endpoint)
  url.searchParams.set('api-version', version)
  url.searchParams.set('resource', STORAGE_RESOURCE)
  const client = platform.env['AZURE_CLIENT_ID']
  if (client) url.searchParams.set('client_id', client)
  return url.href
}
