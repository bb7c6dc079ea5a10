// A Google Cloud Storage bucket as its signer and its driver need it. Made without a request and without
// touching a disk; what is wrong with the URI or the credentials given is said here.

import type { Capabilities } from '../../capabilities.ts'
import type { Opening } from '../../opening.ts'
import { resolveEndpoint } from '../../opening.ts'
import type { CredentialSource } from '../../signer.ts'
import type { AccessToken } from './access-token.ts'
import { gcsIdentity } from './credentials.ts'
import type { SigningKey } from './signing-key.ts'

export interface GcsSettings {
  name: string
  bucket: string
  /** The store's own, which keys that come in have already; for what is kept beside them. */
  prefix: string
  /** Origin, and path where a proxy wants one, without the bucket. */
  endpoint: string
  /** Where buckets are made; needed by nothing that touches objects. */
  project: string | undefined
  capabilities: Capabilities
  /** Null for an emulator that nobody gave credentials for: it is spoken to without any. */
  accessToken: CredentialSource<AccessToken> | null
  signingKey: CredentialSource<SigningKey>
  now(): number
}

export function gcsSettings(opening: Opening): GcsSettings {
  const { address, platform } = opening
  const endpoint = resolveEndpoint(withEmulator(opening), {})
  return {
    name: opening.name,
    bucket: address.bucket,
    prefix: address.prefix,
    endpoint,
    project:
      address.parameters['project'] ??
      platform.env['GOOGLE_CLOUD_PROJECT'] ??
      platform.env['GCLOUD_PROJECT'],
    capabilities: opening.capabilities,
    ...gcsIdentity(opening, endpoint),
    now: () => platform.now(),
  }
}

/** As Google's own clients do: https://cloud.google.com/storage/docs/emulator, where a scheme is optional. */
function withEmulator(opening: Opening): Opening {
  const { address, platform } = opening
  const host = platform.env['STORAGE_EMULATOR_HOST']
  if (!host || 'endpoint' in address.parameters) return opening
  const endpoint = host.includes('://') ? host : `http://${host}`
  return { ...opening, address: { ...address, parameters: { ...address.parameters, endpoint } } }
}
