// Taking in a request's body: decoded, counted, hashed as it streams, and held against every digest the
// client named: x-amz-content-sha256, Content-MD5, x-amz-checksum-* in a header or a trailer.

import { createHash } from 'node:crypto'
import type { Call } from './call.ts'
import { decodeChunked } from './chunked.ts'
import { headerOf, readClaim, refuseMismatch, requireDigest, startDigest } from './checksums.ts'
import type { Algorithm, Claim } from './checksums.ts'
import { contentOf, textOfContent } from './content.ts'
import type { Content } from './content.ts'
import type { Dialect } from './dialect.ts'
import { refuse } from './errors.ts'

export const maxPutBytes = 5 * 1024 ** 3
const maxXmlBytes = 8 * 1024 * 1024

export type Received = {
  content: Content
  md5: Buffer
  /** What was computed for the algorithm of the claim, or else for the one asked for. */
  checksum: { algorithm: Algorithm; value: string } | undefined
  claimed: boolean
}

export type ReceiveOptions = {
  dialect: Dialect
  /** Computed where the client claims none. */
  otherwise: Algorithm | undefined
  maxBytes?: number
}

type Plain = {
  bytes: AsyncIterable<Buffer>
  trailers: ReadonlyMap<string, string>
  length: number | undefined
}

export async function receive(call: Call, options: ReceiveOptions): Promise<Received> {
  refuseForeignChecksums(call, options.dialect)
  const claim = readClaim(call.headers)
  const md5Claim = readContentMd5(call.headers.get('content-md5'))
  const plain = openPlain(call, options.maxBytes ?? maxPutBytes)
  const algorithm = claim?.algorithm ?? options.otherwise
  const sums = await absorb(plain, call, algorithm)
  if (plain.length !== undefined && plain.length !== sums.content.size)
    throw refuse('IncompleteBody')
  if (md5Claim && !md5Claim.equals(sums.md5)) throw refuse('BadDigest')
  if (claim) verifyClaim(claim, plain.trailers, sums.value)
  return {
    content: sums.content,
    md5: sums.md5,
    checksum: algorithm && sums.value ? { algorithm, value: sums.value } : undefined,
    claimed: claim !== undefined,
  }
}

/** A provider without additional checksums refuses the headers rather than ignore them. */
function refuseForeignChecksums(call: Call, dialect: Dialect): void {
  if (dialect.checksums === 'all') return
  const foreign = [...call.headers.keys()].find(
    (name) =>
      name.startsWith('x-amz-checksum-') ||
      name === 'x-amz-sdk-checksum-algorithm' ||
      name === 'x-amz-trailer',
  )
  if (foreign)
    throw refuse('InvalidRequest', `Unsupported header '${foreign}' received for this API call.`)
}

function readContentMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined
  const bytes = Buffer.from(header, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== header) throw refuse('InvalidDigest')
  return bytes
}

function openPlain(call: Call, maxBytes: number): Plain {
  const { payload } = call.identity
  const length = readLength(call, payload.kind === 'chunked')
  if (length !== undefined && length > maxBytes) {
    throw refuse('EntityTooLarge', undefined, {
      details: { ProposedSize: String(length), MaxSizeAllowed: String(maxBytes) },
    })
  }
  if (payload.kind !== 'chunked') return { bytes: call.openBody(), trailers: new Map(), length }
  return { ...decodeChunked(call.openBody(), payload.chain, payload.trailer), length }
}

function readLength(call: Call, chunked: boolean): number | undefined {
  const name = chunked ? 'x-amz-decoded-content-length' : 'content-length'
  const text = call.headers.get(name)
  if (text === undefined) {
    // A body that is absent needs no length; one of unknown length S3 does not take.
    if (!chunked && !call.headers.has('transfer-encoding') && call.method === 'POST')
      return undefined
    throw refuse('MissingContentLength')
  }
  if (!/^\d+$/.test(text)) throw refuse('InvalidArgument', `The ${name} header is not a number.`)
  return Number(text)
}

async function absorb(
  plain: Plain,
  call: Call,
  algorithm: Algorithm | undefined,
): Promise<{ content: Content; md5: Buffer; value: string | undefined }> {
  const { payload } = call.identity
  const md5 = createHash('md5')
  const sha256 = payload.kind === 'whole' ? createHash('sha256') : undefined
  const digest = algorithm && startDigest(algorithm)
  const chunks: Buffer[] = []
  for await (const chunk of plain.bytes) {
    md5.update(chunk)
    sha256?.update(chunk)
    digest?.update(chunk)
    chunks.push(chunk)
  }
  const computed = sha256?.digest('hex')
  if (payload.kind === 'whole' && computed !== payload.sha256) {
    throw refuse('XAmzContentSHA256Mismatch', undefined, {
      details: {
        ClientComputedContentSHA256: payload.sha256,
        S3ComputedContentSHA256: computed ?? '',
      },
    })
  }
  return {
    content: contentOf(chunks),
    md5: md5.digest(),
    value: digest?.digest().toString('base64'),
  }
}

function verifyClaim(
  claim: Claim,
  trailers: ReadonlyMap<string, string>,
  computed: string | undefined,
): void {
  const { algorithm } = claim
  const value = claim.inTrailer ? trailers.get(headerOf(algorithm)) : claim.value
  if (value === undefined) throw refuse('MalformedTrailerError')
  requireDigest(algorithm, value)
  if (value !== computed) refuseMismatch(algorithm)
}

/** An XML body as text; `needsDigest` where S3 demands that the body be protected by one. */
export async function receiveXml(
  call: Call,
  dialect: Dialect,
  needsDigest = false,
): Promise<string> {
  const named = call.headers.has('content-md5') || readClaim(call.headers) !== undefined
  if (needsDigest && !named) {
    throw refuse('InvalidRequest', 'Missing required header for this request: Content-MD5')
  }
  const options = { dialect, otherwise: undefined, maxBytes: maxXmlBytes }
  const { content } = await receive(call, options)
  return textOfContent(content)
}
