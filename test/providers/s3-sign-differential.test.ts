// The signer against the official presigner, over keys, headers and queries that are hard to encode: the same
// parameters, the same signed headers, and the same signature once the parameters that only the SDK adds
// are added here too. Each run prints its seed; SKEIN_SEEDS=<runs> asks for more.

import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyProblem } from '#shared/storage/keys.ts'
import { encodeMetadataValue } from '#shared/storage/metadata.ts'
import { createS3Signer } from '#shared/storage/providers/s3/sign.ts'
import type { SignDelete, SignGet, SignPart, SignPut, SignRequest } from '#shared/storage/signer.ts'
import type { Pair, Scope } from '#shared/wire/sigv4.ts'
import { AWS4, encodeUri, queryToSign, sign, signingKeys, timestamp } from '#shared/wire/sigv4.ts'
import { DOCUMENTED_KEYS, DOCUMENTED_TIME, documentedSettings } from './s3-opening.ts'

const BUCKET = 'examplebucket'
const signer = createS3Signer(documentedSettings(`s3://${BUCKET}?region=us-east-1`))
const client = new S3Client({
  region: 'us-east-1',
  credentials: DOCUMENTED_KEYS,
  requestChecksumCalculation: 'WHEN_REQUIRED',
})

const numRuns = Number(process.env['SKEIN_SEEDS'] ?? 200)
const seed = Number(process.env['SKEIN_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`fast-check seed ${seed}, ${numRuns} runs each; again with SKEIN_SEED=${seed}`)

const PIECES = ['/', '//', ' ', '+', '%', '%2F', '&', '=', '?', '#', "'", '!', '(', ')', '*', '~']
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PIECES, 'a', 'Z', '0', '-', '.', '_', ';', ':', '@', '$', ',', '"', '\\'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((pieces) => pieces.join(''))
const key = text.filter((value) => keyProblem(value) === undefined)

/** As a header may be; blanks at its ends and runs of them are folded on the way to the signature. */
const headerValue = fc
  .stringMatching(/^[\x21-\x7e]( {0,2}[\x21-\x7e]){0,15}$/)
  .filter((value) => value !== '')
const etag = fc.stringMatching(/^[0-9a-f]{32}(-[0-9]{1,3})?$/)
const seconds = fc.integer({ min: 1, max: 604_800 })
const base64 = fc
  .uint8Array({ minLength: 4, maxLength: 4 })
  .map((b) => Buffer.from(b).toString('base64'))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const metadataName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)

/** What only the SDK sends. */
const SDK_ALONE = new Set(['X-Amz-Content-Sha256', 'x-id', 'x-amz-checksum-mode'])
const SIGNING = /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)$/

type PresignOptions = NonNullable<Parameters<typeof getSignedUrl>[2]>

interface Compared {
  place: string
  parameters: Pair[]
  signature: string | undefined
}

/** What both made of one request, with what only the SDK sends left out of the parameters but not of the signature. */
async function bothSign(
  request: SignRequest,
  presignBySdk: (options: PresignOptions) => Promise<string>,
): Promise<{ ours: Compared; theirs: Compared }> {
  const ours = await signer.presign(request)
  const names = Object.keys(ours.headers)
  const theirs = await presignBySdk({
    expiresIn: request.expiresInSeconds,
    signingDate: new Date(DOCUMENTED_TIME),
    unhoistableHeaders: new Set(names),
    signableHeaders: new Set([...names, 'host']),
  })
  const [ourPlace, ourQuery] = split(ours.url)
  const [theirPlace, theirQuery] = split(theirs)
  const { method, headers } = ours
  const signature = signAgain(method, theirPlace, theirQuery, headers, request.expiresInSeconds)
  return {
    ours: { place: ourPlace, parameters: common(ourQuery), signature },
    theirs: {
      place: theirPlace,
      parameters: common(theirQuery),
      signature: new Map(theirQuery).get('X-Amz-Signature'),
    },
  }
}

function common(query: Pair[]): Pair[] {
  return query
    .filter(([name]) => !SDK_ALONE.has(name) && name !== 'X-Amz-Signature')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function split(url: string): [place: string, query: Pair[]] {
  const [place = '', query = ''] = url.split('?')
  return [
    place,
    query.split('&').map((pair): Pair => {
      const [name = '', value = ''] = pair.split('=').map(decodeURIComponent)
      return [name, value]
    }),
  ]
}

/** The SDK's very request, with the parameters that are its own, signed by our primitives. */
function signAgain(
  method: string,
  place: string,
  query: Pair[],
  headers: Record<string, string>,
  expiresInSeconds: number,
): string {
  const scope: Scope = { scheme: AWS4, region: 'us-east-1', service: 's3' }
  const at = timestamp(DOCUMENTED_TIME)
  const { host } = new URL(place)
  const path = place.slice(place.indexOf(host) + host.length)
  const own = query.filter(([name]) => !SIGNING.test(name))
  const { stringToSign } = queryToSign(
    { scope, keyId: DOCUMENTED_KEYS.accessKeyId, at },
    { method, host, path, query: own, headers },
    expiresInSeconds,
  )
  return sign(signingKeys(scope)(DOCUMENTED_KEYS.secretAccessKey, at), stringToSign)
}

function check<T>(arbitrary: fc.Arbitrary<T>, run: (value: T) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, run), { numRuns, seed })
}

const downloads: fc.Arbitrary<SignGet> = fc.record({
  action: fc.constantFrom('get', 'head'),
  key,
  expiresInSeconds: seconds,
  version: optional(text),
  ifMatch: optional(etag),
  range: optional(fc.nat(1000).map((first) => ({ first, last: first + 9 }))),
  response: optional(
    fc.record({
      contentType: optional(text),
      contentDisposition: optional(text),
      contentEncoding: optional(text),
      contentLanguage: optional(text),
      cacheControl: optional(text),
    }),
  ),
})

const uploads: fc.Arbitrary<SignPut> = fc.record({
  action: fc.constant('put' as const),
  key,
  expiresInSeconds: seconds,
  contentType: optional(headerValue),
  contentLength: optional(fc.nat(5_000_000_000)),
  contentEncoding: optional(headerValue),
  contentDisposition: optional(headerValue),
  contentLanguage: optional(headerValue),
  cacheControl: optional(headerValue),
  metadata: optional(fc.dictionary(metadataName, text, { maxKeys: 4 })),
  storageClass: optional(fc.constantFrom('STANDARD', 'GLACIER_IR')),
  tags: optional(fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true })),
  checksum: optional(
    fc.record({
      algorithm: fc.constantFrom('md5', 'crc32c', 'crc64nvme', 'sha256'),
      value: base64,
    }),
  ),
  mode: fc.oneof(
    fc.constant('overwrite' as const),
    fc.constant('create' as const),
    fc.record({ ifMatch: etag }),
  ),
})

const parts: fc.Arbitrary<SignPart> = fc.record({
  action: fc.constant('part' as const),
  key,
  expiresInSeconds: seconds,
  uploadId: text,
  partNumber: fc.integer({ min: 1, max: 10_000 }),
  contentLength: optional(fc.nat(5_000_000_000)),
  checksum: optional(fc.record({ algorithm: fc.constantFrom('md5', 'crc32c'), value: base64 })),
})

const deletes: fc.Arbitrary<SignDelete> = fc.record({
  action: fc.constant('delete' as const),
  key,
  expiresInSeconds: seconds,
  version: optional(text),
})

function sdkGet(request: SignGet) {
  const { response = {}, range, ifMatch } = request
  return {
    Bucket: BUCKET,
    Key: request.key,
    VersionId: request.version,
    IfMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
    Range: range && `bytes=${range.first}-${range.last}`,
    ResponseContentType: response.contentType,
    ResponseContentDisposition: response.contentDisposition,
    ResponseContentEncoding: response.contentEncoding,
    ResponseContentLanguage: response.contentLanguage,
    ResponseCacheControl: response.cacheControl,
  }
}

function sdkChecksum(checksum: SignPut['checksum']) {
  switch (checksum?.algorithm) {
    case 'md5':
      return { ContentMD5: checksum.value }
    case 'crc32c':
      return { ChecksumCRC32C: checksum.value }
    case 'crc64nvme':
      return { ChecksumCRC64NVME: checksum.value }
    case 'sha256':
      return { ChecksumSHA256: checksum.value }
    default:
      return {}
  }
}

function sdkPut(request: SignPut): PutObjectCommandInput {
  const { metadata = {}, tags = {}, mode } = request
  const tagging = Object.entries(tags).map((pair) => pair.map(encodeUri).join('='))
  const encoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) encoded[name] = encodeMetadataValue(value)
  const input: PutObjectCommandInput = {
    Bucket: BUCKET,
    Key: request.key,
    ContentType: request.contentType,
    ContentLength: request.contentLength,
    ContentEncoding: request.contentEncoding,
    ContentDisposition: request.contentDisposition,
    ContentLanguage: request.contentLanguage,
    CacheControl: request.cacheControl,
    Metadata: encoded,
    StorageClass: request.storageClass === 'GLACIER_IR' ? 'GLACIER_IR' : undefined,
    ...sdkChecksum(request.checksum),
  }
  if (request.storageClass === 'STANDARD') input.StorageClass = 'STANDARD'
  if (tagging.length > 0) input.Tagging = tagging.join('&')
  if (mode === 'create') input.IfNoneMatch = '*'
  if (typeof mode === 'object') input.IfMatch = `"${mode.ifMatch}"`
  return input
}

describe('the official presigner signs the same', { timeout: 5000 + numRuns * 50 }, () => {
  it('downloads', () =>
    check(downloads, async (request) => {
      const input = sdkGet(request)
      const { ours, theirs } = await bothSign(request, (options) =>
        request.action === 'head'
          ? getSignedUrl(client, new HeadObjectCommand(input), options)
          : getSignedUrl(client, new GetObjectCommand(input), options),
      )
      expect(ours).toEqual(theirs)
    }))

  it('uploads', () =>
    check(uploads, async (request) => {
      const { ours, theirs } = await bothSign(request, (options) =>
        getSignedUrl(client, new PutObjectCommand(sdkPut(request)), options),
      )
      expect(ours).toEqual(theirs)
    }))

  it('parts', () =>
    check(parts, async (request) => {
      const input = {
        Bucket: BUCKET,
        Key: request.key,
        UploadId: request.uploadId,
        PartNumber: request.partNumber,
        ContentLength: request.contentLength,
        ...sdkChecksum(request.checksum),
      }
      const { ours, theirs } = await bothSign(request, (options) =>
        getSignedUrl(client, new UploadPartCommand(input), options),
      )
      expect(ours).toEqual(theirs)
    }))

  it('deletes', () =>
    check(deletes, async (request) => {
      const input = { Bucket: BUCKET, Key: request.key, VersionId: request.version }
      const { ours, theirs } = await bothSign(request, (options) =>
        getSignedUrl(client, new DeleteObjectCommand(input), options),
      )
      expect(ours).toEqual(theirs)
    }))
})
