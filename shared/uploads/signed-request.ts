// A signed request as plans carry it.

import type { SignedRequest } from '#shared/client/protocol.ts'
import type { Presigned } from '#shared/storage/signer.ts'

export function toSignedRequest({ method, url, headers, fields }: Presigned): SignedRequest {
  return fields ? { method, url, headers, fields } : { method, url, headers }
}
