// Multipart uploads and checksums, against the published digests of one upload in three parts.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { ChecksumAlgorithm, ChecksumType, CompletedPart } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import vectors from '../../vectors/checksums.json' with { type: 'json' }
import { createRawClient } from './raw-client.ts'
import { combineCrcs, startCrc } from './crc.ts'
import type { CrcName } from './crc.ts'
import { startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

const Bucket = 'bucket'
const MiB = 1024 * 1024
const bodies = [Buffer.alloc(5 * MiB, 'a'), Buffer.alloc(5 * MiB, 'b'), Buffer.from('123456789')]

let server: S3Server
let sdk: S3Client

beforeAll(async () => {
  server = await startS3Server({ buckets: [Bucket] })
  const settings = {
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: testCredential,
    maxAttempts: 1,
  }
  sdk = new S3Client(settings)
})
afterAll(() => server.close())

type Kind = { algorithm?: ChecksumAlgorithm; type?: ChecksumType }

async function create(Key: string, { algorithm, type }: Kind = {}): Promise<string> {
  const { UploadId = '' } = await sdk.send(
    new CreateMultipartUploadCommand({
      Bucket,
      Key,
      ...(algorithm ? { ChecksumAlgorithm: algorithm } : {}),
      ...(type ? { ChecksumType: type } : {}),
    }),
  )
  return UploadId
}

/** Sent with the published digests: hashing them all again is the server's part. */
async function uploadAll(Key: string, UploadId: string, kind: Kind = {}): Promise<CompletedPart[]> {
  const send = createRawClient(server.url)
  const sending = bodies.map(async (body, index): Promise<CompletedPart> => {
    const PartNumber = index + 1
    const checksum = kind.algorithm ? publishedDigest(kind.algorithm, index) : undefined
    const answer = await send(`/bucket/${Key}?partNumber=${PartNumber}&uploadId=${UploadId}`, {
      method: 'PUT',
      body,
      headers: checksum ? { [`x-amz-checksum-${kind.algorithm?.toLowerCase()}`]: checksum } : {},
    })
    expect(answer.code).toBeUndefined()
    const ETag = answer.headers.get('etag') ?? ''
    return { ETag, PartNumber, ...(checksum ? { [`Checksum${kind.algorithm}`]: checksum } : {}) }
  })
  return Promise.all(sending)
}

function publishedDigest(algorithm: string, index: number): string {
  const digests = new Map(Object.entries(vectors.s3Multipart.partDigests[index] ?? {}))
  const digest = digests.get(algorithm.toLowerCase())
  if (typeof digest !== 'object') throw new Error(`There is no published ${algorithm}.`)
  return Buffer.from(digest.hex, 'hex').toString('base64')
}

function complete(Key: string, UploadId: string, Parts: CompletedPart[], more: object = {}) {
  const MultipartUpload = { Parts }
  return sdk.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload, ...more }),
  )
}

describe('CRCs', () => {
  const checks = vectors.checkValues['123456789']
  for (const name of ['crc32', 'crc32c', 'crc64nvme'] as const) {
    it(`${name} has its check value, in one step or many, and combines`, () => {
      const sum = (bytes: Buffer) => {
        const crc = startCrc(name)
        for (const byte of bytes) crc.update(Buffer.of(byte))
        return crc.digest()
      }
      const whole = Buffer.from('123456789')
      const atOnce = startCrc(name)
      atOnce.update(whole)
      expect(atOnce.digest().toString('hex')).toBe(checks[name].hex)
      expect(sum(whole).toString('hex')).toBe(checks[name].hex)
      const combined = combineCrcs(name, sum(whole.subarray(0, 4)), sum(whole.subarray(4)), 5)
      expect(combined.toString('hex')).toBe(checks[name].hex)
    })
  }

  it('combine over the published parts', () => {
    const names = { CRC32: 'crc32', CRC32C: 'crc32c', CRC64NVME: 'crc64nvme' } as const
    for (const [title, name] of Object.entries(names) as ['CRC32', CrcName][]) {
      const combined = vectors.s3Multipart.partDigests.reduce(
        (sum, part) => combineCrcs(name, sum, Buffer.from(part[name].hex, 'hex'), part.length),
        startCrc(name).digest(),
      )
      expect(combined.toString('base64')).toBe(vectors.s3Multipart.combinedFromParts[title])
    }
  })
})

describe('checksums of whole uploads', () => {
  const kinds: [Kind, string][] = [
    [{ algorithm: 'SHA256' }, vectors.s3Multipart.COMPOSITE.SHA256],
    [{ algorithm: 'SHA1' }, vectors.s3Multipart.COMPOSITE.SHA1],
    [{ algorithm: 'CRC32' }, vectors.s3Multipart.COMPOSITE.CRC32],
    [{ algorithm: 'CRC32C' }, vectors.s3Multipart.COMPOSITE.CRC32C],
    [{ algorithm: 'CRC32', type: 'FULL_OBJECT' }, vectors.s3Multipart.FULL_OBJECT.CRC32],
    [{ algorithm: 'CRC32C', type: 'FULL_OBJECT' }, vectors.s3Multipart.FULL_OBJECT.CRC32C],
    [{ algorithm: 'CRC64NVME' }, vectors.s3Multipart.FULL_OBJECT.CRC64NVME],
  ]
  for (const [kind, value] of kinds) {
    it(`${kind.algorithm} ${kind.type ?? 'by default'}`, async () => {
      const Key = `${kind.algorithm}-${kind.type}`
      const member = `Checksum${kind.algorithm}`
      const UploadId = await create(Key, kind)
      const parts = await uploadAll(Key, UploadId, kind)
      const done = await complete(Key, UploadId, parts)
      expect(done).toMatchObject({ [member]: value })
      expect(done.ETag).toBe(`"${vectors.s3Multipart.etag}"`)
      const asked = { Bucket, Key, ChecksumMode: 'ENABLED' } as const
      const head = await sdk.send(new HeadObjectCommand(asked))
      const type = value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT'
      expect(head).toMatchObject({ [member]: value, ChecksumType: type })
    })
  }

  it('CRC64NVME where nothing was asked', async () => {
    const UploadId = await create('silent')
    const done = await complete('silent', UploadId, await uploadAll('silent', UploadId))
    expect(done.ChecksumCRC64NVME).toBe(vectors.s3Multipart.FULL_OBJECT.CRC64NVME)
    expect(done.ChecksumType).toBe('FULL_OBJECT')
  })

  it('refuses combinations that do not exist', async () => {
    await expect(create('x', { algorithm: 'SHA256', type: 'FULL_OBJECT' })).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    await expect(create('x', { algorithm: 'CRC64NVME', type: 'COMPOSITE' })).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
  })

  it('holds a claimed checksum and size against the object', async () => {
    const kind: Kind = { algorithm: 'CRC32C', type: 'FULL_OBJECT' }
    const UploadId = await create('claims', kind)
    const parts = await uploadAll('claims', UploadId, kind)
    await expect(
      complete('claims', UploadId, parts, { ChecksumCRC32C: 'AAAAAA==' }),
    ).rejects.toMatchObject({ name: 'BadDigest' })
    await expect(complete('claims', UploadId, parts, { MpuObjectSize: 7 })).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    await expect(
      complete('claims', UploadId, parts, { ChecksumType: 'COMPOSITE' }),
    ).rejects.toMatchObject({ name: 'InvalidRequest' })
    const right = { ChecksumCRC32C: 'B6c8oQ==', MpuObjectSize: 10 * MiB + 9 }
    expect((await complete('claims', UploadId, parts, right)).ETag).toBe(
      `"${vectors.s3Multipart.etag}"`,
    )
  })

  it('wants the checksum of each part where they are composed', async () => {
    const kind: Kind = { algorithm: 'SHA256' }
    const UploadId = await create('composed', kind)
    const parts = await uploadAll('composed', UploadId, kind)
    const bare = parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber }))
    await expect(complete('composed', UploadId, bare)).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    const wrong = parts.map((part) => ({ ...part, ChecksumSHA256: parts[0]?.ChecksumSHA256 ?? '' }))
    await expect(complete('composed', UploadId, wrong)).rejects.toMatchObject({
      name: 'InvalidPart',
    })
  })
})

describe('checksums of single objects', () => {
  const raw = (path: string, headers: Record<string, string>) =>
    createRawClient(server.url)(path, { method: 'PUT', body: '123456789', headers })

  it('verifies each algorithm, and gives it back when asked', async () => {
    const checks = vectors.checkValues['123456789']
    const values = {
      crc32: checks.crc32.s3Base64,
      crc32c: checks.crc32c.s3Base64,
      crc64nvme: checks.crc64nvme.s3Base64_bigEndian,
      sha1: checks.sha1.s3Base64,
      sha256: checks.sha256.s3Base64,
    }
    for (const [name, value] of Object.entries(values)) {
      const header = `x-amz-checksum-${name}`
      const stored = await raw(`/bucket/sum-${name}`, { [header]: value })
      expect([stored.status, stored.headers.get(header)]).toEqual([200, value])
      const asked = { 'x-amz-checksum-mode': 'ENABLED' }
      const read = await createRawClient(server.url)(`/bucket/sum-${name}`, { headers: asked })
      expect(read.headers.get(header)).toBe(value)
      expect((await createRawClient(server.url)(`/bucket/sum-${name}`)).headers.has(header)).toBe(
        false,
      )
      const zeros = Buffer.alloc(Buffer.from(value, 'base64').length).toString('base64')
      expect((await raw('/bucket/bad', { [header]: zeros })).code).toBe('BadDigest')
      expect((await raw('/bucket/bad', { [header]: 'AA==' })).code).toBe('InvalidRequest')
    }
  })

  it('refuses two checksums, and an algorithm without one', async () => {
    const two = { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-crc32c': '4waSgw==' }
    expect((await raw('/bucket/bad', two)).code).toBe('InvalidRequest')
    const none = { 'x-amz-sdk-checksum-algorithm': 'CRC32' }
    expect((await raw('/bucket/bad', none)).code).toBe('InvalidRequest')
  })

  it('takes the trailing checksum of a stream, and refuses a wrong one', async () => {
    const chunked = (checksum: string, length = 9) =>
      createRawClient(server.url)('/bucket/trailing', {
        method: 'PUT',
        body: `9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
        headers: {
          'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'x-amz-decoded-content-length': String(length),
          'x-amz-trailer': 'x-amz-checksum-crc32',
          'content-encoding': 'aws-chunked',
        },
      })
    const stored = await chunked('y/Q5Jg==')
    expect([stored.status, stored.headers.get('x-amz-checksum-crc32')]).toEqual([200, 'y/Q5Jg=='])
    const read = await createRawClient(server.url)('/bucket/trailing')
    expect([read.text, read.headers.get('content-encoding')]).toEqual(['123456789', null])
    expect((await chunked('AAAAAA==')).code).toBe('BadDigest')
    expect((await chunked('y/Q5Jg==', 8)).code).toBe('IncompleteBody')
  })

  it('streams from the SDK', async () => {
    const { Readable } = await import('node:stream')
    const Body = Readable.from([Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)])
    const input = { Bucket, Key: 'streamed', Body, ContentLength: 140_000 }
    const { ChecksumCRC32 } = await sdk.send(new PutObjectCommand(input))
    expect(ChecksumCRC32).toMatch(/^[\w+/]{6}==$/)
    const read = await sdk.send(new GetObjectCommand({ Bucket, Key: 'streamed' }))
    expect((await read.Body?.transformToByteArray())?.length).toBe(140_000)
  })
})

describe('completing', () => {
  it('refuses what does not fit, and answers the same Complete twice alike', async () => {
    const Key = 'order'
    const UploadId = await create(Key)
    const parts = await uploadAll(Key, UploadId)
    const [first, second, third] = parts
    if (!first || !second || !third) throw new Error('Three parts were uploaded.')
    const refusals: [CompletedPart[], string][] = [
      [[second, first], 'InvalidPartOrder'],
      [[first, first], 'InvalidPartOrder'],
      [[first, { ...second, PartNumber: 9 }], 'InvalidPart'],
      [[{ ...first, ETag: '"0"' }], 'InvalidPart'],
      [[third, { ...first, PartNumber: 4 }], 'InvalidPart'],
      [[], 'MalformedXML'],
    ]
    for (const [list, name] of refusals) {
      await expect(complete(Key, UploadId, list)).rejects.toMatchObject({ name })
    }
    const done = await complete(Key, UploadId, parts)
    expect((await complete(Key, UploadId, parts)).ETag).toBe(done.ETag)
    await expect(complete(Key, UploadId, [first])).rejects.toMatchObject({ name: 'NoSuchUpload' })
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
    await expect(sdk.send(abort)).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })

  it('wants 5 MiB of all parts but the last', async () => {
    const Key = 'small'
    const UploadId = await create(Key)
    const parts: CompletedPart[] = []
    for (const PartNumber of [1, 2]) {
      const command = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: 'x' })
      parts.push({ ETag: (await sdk.send(command)).ETag ?? '', PartNumber })
    }
    await expect(complete(Key, UploadId, parts)).rejects.toMatchObject({ name: 'EntityTooSmall' })
    expect((await complete(Key, UploadId, parts.slice(0, 1))).ETag).toMatch(/-1"$/)
  })

  it('holds conditions on the destination', async () => {
    const Key = 'guarded'
    await sdk.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }))
    const UploadId = await create(Key)
    const { ETag = '' } = await sdk.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'second' }),
    )
    const parts = [{ ETag, PartNumber: 1 }]
    await expect(complete(Key, UploadId, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    await expect(complete(Key, UploadId, parts, { IfMatch: '"x"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
    const { ETag: now = '' } = await sdk.send(new HeadObjectCommand({ Bucket, Key }))
    expect((await complete(Key, UploadId, parts, { IfMatch: now })).ETag).toMatch(/-1"$/)
  })
})

describe('parts', () => {
  it('are copied by range, listed in pages, and read by number', async () => {
    const Key = 'assembled'
    await sdk.send(new PutObjectCommand({ Bucket, Key: 'whole', Body: Buffer.concat(bodies) }))
    const UploadId = await create(Key)
    const CopySource = `${Bucket}/whole`
    const ranges = [`bytes=0-${5 * MiB - 1}`, `bytes=${5 * MiB}-${10 * MiB + 8}`]
    const parts: CompletedPart[] = []
    for (const [index, CopySourceRange] of ranges.entries()) {
      const PartNumber = index + 1
      const input = { Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange }
      const { CopyPartResult } = await sdk.send(new UploadPartCopyCommand(input))
      parts.push({ ETag: CopyPartResult?.ETag ?? '', PartNumber })
    }
    const beyond = { PartNumber: 3, CopySource, CopySourceRange: `bytes=0-${11 * MiB}` }
    await expect(
      sdk.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, ...beyond })),
    ).rejects.toMatchObject({ name: 'InvalidRange' })
    const list = { Bucket, Key, UploadId }
    const page = await sdk.send(new ListPartsCommand({ ...list, MaxParts: 1 }))
    expect([page.IsTruncated, page.NextPartNumberMarker, page.Parts?.length]).toEqual([
      true,
      '1',
      1,
    ])
    const rest = await sdk.send(new ListPartsCommand({ ...list, PartNumberMarker: '1' }))
    expect(rest.Parts?.map((part) => part.Size)).toEqual([5 * MiB + 9])
    await complete(Key, UploadId, parts)
    const second = await sdk.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }))
    expect([second.PartsCount, second.ContentLength]).toEqual([2, 5 * MiB + 9])
    expect(second.ContentRange).toBe(`bytes ${5 * MiB}-${10 * MiB + 8}/${10 * MiB + 9}`)
    await expect(
      sdk.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 })),
    ).rejects.toMatchObject({ name: 'InvalidPartNumber' })
    const attributes = await sdk.send(
      new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts'] }),
    )
    expect(attributes.ObjectParts?.TotalPartsCount).toBe(2)
  })

  it('take part in no other upload, and number 1 to 10,000', async () => {
    const UploadId = await create('numbers')
    for (const PartNumber of [0, 10_001]) {
      await expect(
        sdk.send(
          new UploadPartCommand({ Bucket, Key: 'numbers', UploadId, PartNumber, Body: 'x' }),
        ),
      ).rejects.toMatchObject({ name: 'InvalidArgument' })
    }
    await expect(
      sdk.send(new UploadPartCommand({ Bucket, Key: 'other', UploadId, PartNumber: 1, Body: 'x' })),
    ).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })

  it('of open uploads are listed in pages', async () => {
    const keys = ['open/a', 'open/b', 'open/b', 'open/c/d']
    for (const key of keys) await create(key)
    const seen: (string | undefined)[] = []
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}
    for (let more = true; more;) {
      const page = await sdk.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: 'open/', MaxUploads: 1, ...marker }),
      )
      seen.push(...(page.Uploads ?? []).map(({ Key }) => Key))
      marker = {
        KeyMarker: page.NextKeyMarker ?? '',
        UploadIdMarker: page.NextUploadIdMarker ?? '',
      }
      more = page.IsTruncated ?? false
    }
    expect(seen).toEqual(keys)
    const rolled = await sdk.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: 'open/', Delimiter: '/' }),
    )
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'open/c/' }])
  })
})
