/**
 * What the bytes of an upload must be, for every way to upload: the digests that the client
 * declared and the size that its signed headers or form allow.
 */
import type { Call, JsonObject } from './call.ts'
import type { Digested } from './content.ts'
import { Intake } from './content.ts'
import { encodeCrc32c } from './crc32c.ts'
import { entityTooLarge, entityTooSmall, invalid, notImplemented } from './errors.ts'

export interface SizeRange {
  readonly min: number
  readonly max: number
}

/** Reads a whole body; more than `range` allows stops it at once. */
export async function intake(body: AsyncIterable<Buffer>, range?: SizeRange): Promise<Digested> {
  const taken = new Intake()
  for await (const chunk of body) {
    taken.add(chunk)
    if (range && taken.size > range.max) throw entityTooLarge()
  }
  if (range && taken.size < range.min) throw entityTooSmall()
  return taken.finish()
}

export interface DeclaredDigests {
  crc32c?: unknown
  md5?: unknown
}

/** Digests from the resource, the x-goog-hash header and Content-MD5; the last one named wins. */
export function declaredDigests(call: Call, resource: JsonObject = {}): DeclaredDigests {
  const declared: DeclaredDigests = {}
  if (resource['crc32c'] !== undefined) declared.crc32c = resource['crc32c']
  if (resource['md5Hash'] !== undefined) declared.md5 = resource['md5Hash']
  const contentMd5 = call.headers['content-md5']
  if (contentMd5 !== undefined) declared.md5 = checkedDigest(contentMd5, 16)
  for (const field of (call.headers['x-goog-hash'] ?? '').split(',')) {
    const [name, ...rest] = field.trim().split('=')
    const value = rest.join('=')
    if (name === 'crc32c') declared.crc32c = checkedDigest(value, 4)
    else if (name === 'md5') declared.md5 = checkedDigest(value, 16)
    else if (name) throw invalid('x-goog-hash names an unknown digest.', 'InvalidDigest')
  }
  return declared
}

function checkedDigest(value: string, bytes: number): string {
  const decoded = Buffer.from(value, 'base64')
  if (decoded.length === bytes && decoded.toString('base64') === value) return value
  throw invalid('The digest you specified is not valid.', 'InvalidDigest')
}

/** https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogcontentlengthrange */
export function parseSizeRange(call: Call): SizeRange | undefined {
  const header = call.headers['x-goog-content-length-range']
  if (header === undefined) return undefined
  const match = /^(\d+)\s*,\s*(\d+)$/.exec(header)
  if (!match || Number(match[1]) > Number(match[2])) {
    throw invalid('x-goog-content-length-range is not a range: min,max is expected.')
  }
  return { min: Number(match[1]), max: Number(match[2]) }
}

/** Digests that the client declared must be those of the bytes that came. */
export function verifyDeclared(digested: Digested, declared: DeclaredDigests): void {
  const { crc32c, md5 } = declared
  if (crc32c !== undefined && crc32c !== encodeCrc32c(digested.crc32c)) {
    throw badDigest('CRC32C', JSON.stringify(crc32c), encodeCrc32c(digested.crc32c))
  }
  if (md5 !== undefined && md5 !== digested.md5) {
    throw badDigest('MD5', JSON.stringify(md5), digested.md5 ?? 'none')
  }
}

function badDigest(name: string, given: string, computed: string) {
  return invalid(
    `Provided ${name} hash ${given} doesn't match calculated ${name} hash "${computed}".`,
    'BadDigest',
  )
}

/** Never silently stored without the encryption that was asked for. */
export function refuseCustomerKeys(call: Call): void {
  if (call.headers['x-goog-encryption-key'] === undefined) return
  throw notImplemented('Encryption with a key of the customer')
}
