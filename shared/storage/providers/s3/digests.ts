// Digests as S3 tells them: in headers, in the elements of its documents, and in an ETag.

import { Buffer } from 'node:buffer'
import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import { textOf } from '#shared/wire/xml.ts'
import type { Checksum, ChecksumAlgorithm, ObjectInfo } from '../../contract.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Settings } from './settings.ts'

const CARRIED = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

/** Those that have a header and an element; MD5 has only the ETag. */
export type CarriedAlgorithm = (typeof CARRIED)[number]

export type Carried = { [Algorithm in CarriedAlgorithm | 'type']?: string | undefined }

export function carriedByHeaders(headers: AnswerHeaders): Carried {
  return readCarried((name) => headers.get(`x-amz-checksum-${name}`) ?? undefined)
}

export function carriedByXml(xml: string): Carried {
  return readCarried((name) => {
    const element = name === 'type' ? 'ChecksumType' : checksumElement(name)
    return textOf(xml, element) || undefined
  })
}

function readCarried(read: (name: CarriedAlgorithm | 'type') => string | undefined): Carried {
  const carried: Carried = {}
  for (const name of [...CARRIED, 'type'] as const) {
    const value = read(name)
    if (value !== undefined) carried[name] = value
  }
  return carried
}

export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm.toUpperCase()}`
}

/** The ETag as the contract has it: without quotes. Empty where there is none. */
export function bareEtag(etag: string | null | undefined): string {
  return (etag ?? '').replace(/^(W\/)?"|"$/g, '')
}

/** The same of an answer that cannot be S3's without one. */
export function requireEtag(
  { name }: S3Settings,
  key: string,
  etag: string | null | undefined,
): string {
  const bare = bareEtag(etag)
  if (bare === '') throw strangeAnswer(name, key)
  return bare
}

/** Digests of the whole content apart from those over the digests of parts. */
export function toDigests(
  headers: AnswerHeaders,
  etag: string,
  carried: Carried = carriedByHeaders(headers),
): Pick<ObjectInfo, 'checksums' | 'composite'> {
  const checksums: Partial<Record<ChecksumAlgorithm, string>> = {}
  let composite: ObjectInfo['composite']
  for (const algorithm of CARRIED) {
    const [value, parts] = carried[algorithm]?.split('-') ?? []
    if (value === undefined) continue
    if (carried.type === 'COMPOSITE' || parts !== undefined) {
      composite = { algorithm, value, parts: Number(parts ?? etag.split('-')[1]) }
    } else {
      checksums[algorithm] = value
    }
  }
  const md5 = md5OfEtag(headers, etag)
  if (md5) checksums.md5 = md5
  return composite ? { checksums, composite } : { checksums }
}

/** An ETag is the MD5 of the content for a plain write under no key of the customer's or KMS's. */
function md5OfEtag(headers: AnswerHeaders, etag: string): string | undefined {
  const keyed =
    headers.get('x-amz-server-side-encryption')?.startsWith('aws:') ||
    headers.has('x-amz-server-side-encryption-customer-algorithm')
  if (keyed || !/^[0-9a-f]{32}$/.test(etag)) return undefined
  return Buffer.from(etag, 'hex').toString('base64')
}

/** The digest that came with a part. */
export function toPartChecksum(carried: Carried): Checksum | undefined {
  for (const algorithm of CARRIED) {
    const value = carried[algorithm]
    if (value !== undefined) return { algorithm, value }
  }
  return undefined
}
