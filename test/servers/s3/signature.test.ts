// The signature arithmetic against published vectors, and the server against every presigned vector.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import suite from '../../vectors/aws-sigv4/aws-c-auth-v4.json' with { type: 'json' }
import presigned from '../../vectors/aws-sigv4/s3-presigned.json' with { type: 'json' }
import { sendByHand } from './raw-client.ts'
import { startS3Server } from './server.ts'
import type { S3Server } from './server.ts'
import { sha256, sign, signingKey } from './signature.ts'

describe('the general suite', () => {
  for (const one of suite.cases) {
    it(`signs ${one.name}`, () => {
      const { credentials, region, service, timestamp } = one.context
      const date = timestamp.slice(0, 10).replaceAll('-', '')
      const key = signingKey(credentials.secret_access_key, { date, region, service })
      expect(sign(key, one.header_string_to_sign)).toBe(one.header_signature)
      expect(sign(key, one.query_string_to_sign)).toBe(one.query_signature)
      expect(one.header_string_to_sign.endsWith(sha256(one.header_canonical_request))).toBe(true)
    })
  }
})

describe('every presigned vector, sent', () => {
  const { base, withSessionToken } = presigned.credentials
  const session = { ...withSessionToken, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }
  const now = () => Date.parse('2013-05-24T00:00:01Z')
  const servers: S3Server[] = []
  afterAll(() => Promise.all(servers.map((server) => server.close())))

  for (const one of presigned.cases) {
    const url = new URL(one.url)
    const region = url.searchParams.get('X-Amz-Credential')?.split('/')[2] ?? ''
    const hasToken = url.searchParams.has('X-Amz-Security-Token')

    it(`accepts ${one.name}, and refuses it changed`, async () => {
      const server = await startS3Server({ region, now, credentials: [hasToken ? session : base] })
      servers.push(server)
      // Not through URL, which would collapse dot segments.
      const path = one.url.slice(one.url.indexOf('/', 'https://'.length))
      const request = {
        port: server.port,
        method: one.method,
        headers: { ...headersOf(one), host: url.host },
        ...(one.method === 'PUT' ? { body: '123456789' } : {}),
      }
      const accepted = await sendByHand({ ...request, path })
      expect([accepted.status, one.method === 'HEAD' ? 'NoSuchBucket' : accepted.code]).toEqual([
        404,
        'NoSuchBucket',
      ])
      const changed = await sendByHand({ ...request, path: path.replace('/', '/x') })
      expect(changed.status).toBe(403)
    })
  }

  function headersOf(one: object): Record<string, string> {
    if (!('requiredHeaders' in one) || typeof one.requiredHeaders !== 'object') return {}
    return Object.fromEntries(
      Object.entries(one.requiredHeaders ?? {}).map(([name, value]) => [name, String(value)]),
    )
  }
})

describe('the documented chunked upload', () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server({
      buckets: ['examplebucket'],
      credentials: [presigned.credentials.base],
      now: () => Date.parse('2013-05-24T00:00:00Z'),
    })
  })
  afterAll(() => server.close())

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
  const signatures = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ]

  function upload(letters: readonly string[]) {
    const chunks = [65_536, 1024, 0].map((size, index) => {
      const data = (letters[index] ?? '').repeat(size)
      return `${size.toString(16)};chunk-signature=${signatures[index]}\r\n${data}\r\n`
    })
    return sendByHand({
      port: server.port,
      method: 'PUT',
      path: '/examplebucket/chunkObject.txt',
      headers: {
        host: 's3.amazonaws.com',
        'content-encoding': 'aws-chunked',
        'content-length': '66824',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-date': '20130524T000000Z',
        'x-amz-decoded-content-length': '66560',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=${seed}`,
      },
      body: chunks.join(''),
    })
  }

  it('accepts the published signatures', async () => {
    const answer = await upload(['a', 'a', ''])
    expect(answer.code).toBeUndefined()
    expect(answer.status).toBe(200)
  })

  it('refuses a chunk with another byte', async () => {
    const answer = await upload(['a', 'b', ''])
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
})
