// Listings: order, prefixes, delimiters, pages of every size, encodings, both versions of the API.

import { ListObjectsV2Command, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawClient, textBetween } from './raw-client.ts'
import type { RawClient } from './raw-client.ts'
import { startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

const keys = ['a', 'b/1', 'b/2', 'b/3/x', 'b0', 'c/', 'c/d', 'é', '\uffee', '\u{1f600}']
let server: S3Server
let sdk: S3Client
let raw: RawClient

beforeAll(async () => {
  server = await startS3Server({ buckets: ['bucket'] })
  raw = createRawClient(server.url)
  sdk = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: testCredential,
  })
  for (const key of keys.toReversed()) {
    await raw(`/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`, {
      method: 'PUT',
      body: key,
    })
  }
})
afterAll(() => server.close())

async function listAll(query: Record<string, string>, size: number): Promise<string[]> {
  const seen: string[] = []
  const pages = paginateListObjectsV2(
    { client: sdk, pageSize: size },
    { Bucket: 'bucket', Prefix: query.prefix, Delimiter: query.delimiter },
  )
  for await (const page of pages) {
    const names = [
      ...(page.Contents ?? []).map(({ Key = '' }) => Key),
      ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
    ]
    expect(names.length).toBeLessThanOrEqual(size)
    expect(page.KeyCount).toBe(names.length)
    seen.push(...names)
  }
  return seen
}

describe('ListObjectsV2', () => {
  const cases: [Record<string, string>, string[]][] = [
    [{}, keys],
    [{ prefix: 'b' }, ['b/1', 'b/2', 'b/3/x', 'b0']],
    [{ delimiter: '/' }, ['a', 'b/', 'b0', 'c/', 'é', '\uffee', '\u{1f600}']],
    [{ prefix: 'b/', delimiter: '/' }, ['b/1', 'b/2', 'b/3/']],
    [{ prefix: 'c/', delimiter: '/' }, ['c/', 'c/d']],
    [{ prefix: 'none' }, []],
  ]
  for (const [query, expected] of cases) {
    it(`lists ${JSON.stringify(query)} in pages of every size`, async () => {
      for (const size of [1, 2, 3, 1000]) {
        const seen = await listAll(query, size)
        const byBytes = seen.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect(byBytes).toEqual(expected)
        expect(new Set(seen).size).toBe(seen.length)
      }
    })
  }

  it('lists no prefix again that the start lies under', async () => {
    const answer = await raw('/bucket?list-type=2&delimiter=/&start-after=b/1')
    expect(textBetween(answer.text, 'Key').slice(0, 1)).toEqual(['b0'])
    expect(answer.text).not.toContain('<Prefix>b/</Prefix>')
  })

  it('starts after a key, present or not, and refuses a forged token', async () => {
    const after = async (StartAfter: string) => {
      const page = await sdk.send(
        new ListObjectsV2Command({ Bucket: 'bucket', StartAfter, MaxKeys: 1 }),
      )
      return page.Contents?.[0]?.Key
    }
    expect(await after('b/1')).toBe('b/2')
    expect(await after('b/10')).toBe('b/2')
    const forged = await raw('/bucket?list-type=2&continuation-token=b')
    expect([forged.status, forged.code]).toEqual([400, 'InvalidArgument'])
  })

  it('has owners on request, and no page of nothing', async () => {
    const owned = await raw('/bucket?list-type=2&fetch-owner=true&max-keys=1')
    expect(owned.text).toContain('<Owner>')
    expect((await raw('/bucket?list-type=2&max-keys=1')).text).not.toContain('<Owner>')
    const none = await raw('/bucket?list-type=2&max-keys=0')
    expect(none.text).toContain('<IsTruncated>false</IsTruncated>')
    expect((await raw('/bucket?list-type=2&max-keys=-1')).code).toBe('InvalidArgument')
  })

  it('encodes names on request', async () => {
    const answer = await raw('/bucket?list-type=2&encoding-type=url&prefix=%C3%A9')
    expect(textBetween(answer.text, 'Key')).toEqual(['%C3%A9'])
    expect(textBetween(answer.text, 'EncodingType')).toEqual(['url'])
  })
})

describe('ListObjects', () => {
  it('gives NextMarker with a delimiter only, and pages by marker', async () => {
    const plain = await raw('/bucket?max-keys=2')
    expect(textBetween(plain.text, 'Key')).toEqual(['a', 'b/1'])
    expect(textBetween(plain.text, 'NextMarker')).toEqual([])
    const rolled = await raw('/bucket?max-keys=2&delimiter=/')
    expect(textBetween(rolled.text, 'NextMarker')).toEqual(['b/'])
    const next = await raw('/bucket?max-keys=2&delimiter=/&marker=b/')
    expect(textBetween(next.text, 'Key')).toEqual(['b0'])
    expect(next.text).toContain('<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>')
  })
})
