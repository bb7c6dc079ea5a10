// What a write is held to: conditions and digests, as headers.

import { Buffer } from 'node:buffer'
import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Checksum, PutMode } from '../../contract.ts'

export function conditionHeaders(mode: PutMode): Record<string, string> {
  if (mode === 'overwrite') return {}
  return mode === 'create' ? { 'if-none-match': '*' } : matching(mode.ifMatch)
}

/** `source` for what is to be copied, where it is the source that is to match. */
export function matching(etag: string | undefined, source?: 'source'): Record<string, string> {
  if (etag === undefined) return {}
  return { [source ? 'x-ms-source-if-match' : 'if-match']: `"${etag}"` }
}

/** Azure writes the digest of CRC-64/NVME with its bytes the other way round. */
export function turnCrc64(value: string): string {
  return Buffer.from(Buffer.from(value, 'base64').toReversed()).toString('base64')
}

/** The digest that Azure checks the body of one request against. */
export function digestHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum?.algorithm === 'md5') return { 'content-md5': checksum.value }
  if (checksum?.algorithm === 'crc64nvme') {
    return { 'x-ms-content-crc64': turnCrc64(checksum.value) }
  }
  return {}
}

/** The one digest that Azure keeps; of a blob made of parts without looking whether it is right. */
export function keptMd5(checksum: Checksum | undefined): Record<string, string> {
  return checksum?.algorithm === 'md5' ? { 'x-ms-blob-content-md5': checksum.value } : {}
}

/** What Azure tells of the bytes that it has taken for a part. */
export function toldDigest(headers: AnswerHeaders): Checksum | undefined {
  const crc64 = headers.get('x-ms-content-crc64')
  if (crc64 !== null) return { algorithm: 'crc64nvme', value: turnCrc64(crc64) }
  const md5 = headers.get('content-md5')
  return md5 === null ? undefined : { algorithm: 'md5', value: md5 }
}
