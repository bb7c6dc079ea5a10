// The ETag that S3 gives an object sent in parts: the MD5 of the parts' MD5s, and their count.

import { createHash } from 'node:crypto'
import type { Part } from '../../contract.ts'

/** Undefined where the parts' ETags are no MD5s (under KMS), so that nothing can be told from them. */
export function multipartEtag(parts: readonly Part[]): string | undefined {
  const md5 = createHash('md5')
  for (const { etag } of parts) {
    if (!/^[0-9a-f]{32}$/.test(etag)) return undefined
    md5.update(etag, 'hex')
  }
  return `${md5.digest('hex')}-${parts.length}`
}
