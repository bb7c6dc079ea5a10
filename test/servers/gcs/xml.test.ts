/** The XML API over raw requests: objects, multipart uploads, listings, CORS and refusals. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCrc32c, updateCrc32c } from './crc32c.ts'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
  const cors = [
    {
      origin: ['https://app.test'],
      method: ['GET', 'PUT'],
      responseHeader: ['Content-Type', 'ETag'],
    },
    { origin: ['*'], method: ['GET'], responseHeader: ['x-goog-*'], maxAgeSeconds: 60 },
  ]
  await harness.control('POST', 'buckets', { name: 'xml', resource: { cors } })
  await harness.control('POST', 'buckets', { name: 'parts', minPartBytes: 10 })
  await harness.control('POST', 'buckets', { name: 'strict' })
})

afterAll(async () => {
  await harness.server.close()
})

function put(target: string, body: string | Uint8Array, headers = {}): Promise<Reply> {
  return harness.api({ method: 'PUT', target, body, headers })
}

function expectCode(reply: Reply, status: number, code: string) {
  expect(reply.text).toContain(`<Error><Code>${code}</Code>`)
  expect(reply.status).toBe(status)
  expect(reply.headers['content-type']).toContain('application/xml')
}

function textsOf(reply: Reply, name: string): string[] {
  return [...reply.text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(
    (match) => match[1] ?? '',
  )
}

describe('objects', () => {
  it('are put, described and deleted', async () => {
    const written = await put('/xml/dir/a%20b', 'hello', {
      'content-type': 'text/plain',
      'x-goog-meta-color': 'blue',
      'x-goog-storage-class': 'NEARLINE',
      'x-goog-hash': 'md5=XUFAKrxLKna5cZ2REBfFkg==',
    })
    expect(written.status).toBe(200)
    expect(written.headers['etag']).toBe('"5d41402abc4b2a76b9719d911017c592"')
    const head = await harness.api({ method: 'HEAD', target: '/xml/dir/a%20b' })
    expect(head.headers).toMatchObject({
      'content-length': '5',
      'content-type': 'text/plain',
      'x-goog-meta-color': 'blue',
      'x-goog-storage-class': 'NEARLINE',
      'x-goog-generation': written.headers['x-goog-generation'],
      'x-goog-metageneration': '1',
      'x-goog-stored-content-length': '5',
      'x-goog-hash': 'crc32c=mnG7TA==, md5=XUFAKrxLKna5cZ2REBfFkg==',
    })
    expect((await harness.api({ method: 'DELETE', target: '/xml/dir/a%20b' })).status).toBe(204)
    expectCode(await harness.api({ target: '/xml/dir/a%20b' }), 404, 'NoSuchKey')
    expect((await harness.api({ method: 'HEAD', target: '/xml/dir/a%20b' })).text).toBe('')
  })

  it('hold preconditions and generations', async () => {
    const create = { 'x-goog-if-generation-match': '0' }
    const first = await put('/xml/cond', 'one', create)
    expect(first.status).toBe(200)
    expectCode(await put('/xml/cond', 'two', create), 412, 'PreconditionFailed')
    const generation = String(first.headers['x-goog-generation'])
    const match = { 'x-goog-if-generation-match': generation }
    expect((await harness.api({ target: '/xml/cond', headers: match })).text).toBe('one')
    expect((await put('/xml/cond', 'two', match)).status).toBe(200)
    const stale = await harness.api({ method: 'DELETE', target: '/xml/cond', headers: match })
    expectCode(stale, 412, 'PreconditionFailed')
    const old = await harness.api({ target: `/xml/cond?generation=${generation}` })
    expectCode(old, 404, 'NoSuchKey')
  })

  it('hold HTTP conditions on reads', async () => {
    const { headers } = await put('/xml/etag', 'x')
    const etag = String(headers['etag'])
    const read = (given: Record<string, string>) =>
      harness.api({ target: '/xml/etag', headers: given })
    expect((await read({ 'if-none-match': etag })).status).toBe(304)
    expect((await read({ 'if-match': etag })).status).toBe(200)
    expectCode(await read({ 'if-match': '"other"' }), 412, 'PreconditionFailed')
    const later = new Date(Date.now() + 60_000).toUTCString()
    expect((await read({ 'if-modified-since': later })).status).toBe(304)
  })

  it('refuse wrong digests, sizes and classes, and store nothing', async () => {
    const md5 = createHash('md5').update('other').digest('base64')
    expectCode(await put('/xml/no', 'x', { 'content-md5': md5 }), 400, 'BadDigest')
    expectCode(await put('/xml/no', 'x', { 'content-md5': 'short' }), 400, 'InvalidDigest')
    expectCode(await put('/xml/no', 'x', { 'x-goog-hash': 'crc32c=AAAAAA==' }), 400, 'BadDigest')
    const range = { 'x-goog-content-length-range': '2,4' }
    expectCode(await put('/xml/no', 'x', range), 400, 'EntityTooSmall')
    expectCode(await put('/xml/no', 'abcde', range), 400, 'EntityTooLarge')
    expectCode(
      await put('/xml/no', 'x', { 'x-goog-storage-class': 'COLD' }),
      400,
      'InvalidStorageClass',
    )
    const meta = { 'x-goog-meta-a': 'x'.repeat(8192) }
    expectCode(await put('/xml/no', 'x', meta), 400, 'MetadataTooLarge')
    expectCode(await put(`/xml/${'x'.repeat(1025)}`, 'x'), 400, 'InvalidObjectName')
    expectCode(await put('/none-such/no', 'x'), 404, 'NoSuchBucket')
    expectCode(await harness.api({ target: '/xml/no' }), 404, 'NoSuchKey')
    expectCode(await harness.api({ target: '/xml/%FF' }), 400, 'InvalidURI')
  })

  it('refuse strangers and what is not implemented', async () => {
    expectCode(await harness.raw({ target: '/xml/a' }), 403, 'AccessDenied')
    const headers = { authorization: 'Bearer ya29.unknown' }
    expectCode(await harness.raw({ target: '/xml/a', headers }), 401, 'AuthenticationRequired')
    expectCode(await harness.api({ target: '/xml?lifecycle' }), 501, 'NotImplemented')
    const key = { 'x-goog-encryption-key': 'a2V5' }
    expectCode(await put('/xml/a', 'x', key), 501, 'NotImplemented')
    expectCode(await harness.api({ method: 'POST', target: '/xml/a' }), 405, 'MethodNotAllowed')
    expectCode(
      await harness.api({ target: '/xml/a', headers: { range: 'bytes=0-' } }),
      404,
      'NoSuchKey',
    )
  })

  it('are copied from a source', async () => {
    const source = await put('/xml/source', 'copy me', { 'content-type': 'text/css' })
    const from = { 'x-goog-copy-source': '/xml/source' }
    const copied = await put('/xml/copy', '', from)
    expect(copied.text).toContain('<CopyObjectResult>')
    const head = await harness.api({ method: 'HEAD', target: '/xml/copy' })
    expect(head.headers['content-type']).toBe('text/css')
    const stale = { ...from, 'x-goog-copy-source-if-generation-match': '1' }
    expectCode(await put('/xml/copy', '', stale), 412, 'PreconditionFailed')
    const generation = String(source.headers['x-goog-generation'])
    const right = { ...from, 'x-goog-copy-source-if-generation-match': generation }
    expect((await put('/xml/copy', '', right)).status).toBe(200)
    const create = { ...from, 'x-goog-if-generation-match': '0' }
    expectCode(await put('/xml/copy', '', create), 412, 'PreconditionFailed')
    const replaced = { ...from, 'x-goog-metadata-directive': 'REPLACE', 'content-type': 'a/b' }
    await put('/xml/copy', '', replaced)
    const after = await harness.api({ method: 'HEAD', target: '/xml/copy' })
    expect(after.headers['content-type']).toBe('a/b')
  })
})

describe('multipart uploads', () => {
  async function start(target: string, headers = {}): Promise<string> {
    const reply = await harness.api({ method: 'POST', target: `${target}?uploads`, headers })
    expect(reply.status).toBe(200)
    return textsOf(reply, 'UploadId')[0] ?? ''
  }

  function part(
    target: string,
    id: string,
    number: number,
    body: string | Uint8Array,
    headers = {},
  ) {
    return put(`${target}?partNumber=${number}&uploadId=${id}`, body, headers)
  }

  function complete(target: string, id: string, parts: readonly (readonly [number, unknown])[]) {
    const inner = parts.map(
      ([number, etag]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${String(etag)}</ETag></Part>`,
    )
    const body = `<CompleteMultipartUpload>${inner.join('')}</CompleteMultipartUpload>`
    return harness.api({ method: 'POST', target: `${target}?uploadId=${id}`, body })
  }

  it('join parts into an object with a CRC-32C and no MD5', async () => {
    const target = '/parts/dir/whole'
    const id = await start(target, { 'content-type': 'video/mp4', 'x-goog-meta-a': 'b' })
    const bytes = randomBytes(35)
    const two = await part(target, id, 2, bytes.subarray(20))
    const one = await part(target, id, 1, bytes.subarray(0, 20))
    expect(one.headers['x-goog-hash']).toContain('md5=')
    const listed = await harness.api({ target: `${target}?uploadId=${id}` })
    expect(textsOf(listed, 'PartNumber')).toEqual(['1', '2'])
    const uploads = await harness.api({ target: '/parts?uploads' })
    expect(textsOf(uploads, 'Key')).toEqual(['dir/whole'])
    const etags = [
      [1, one.headers['etag']],
      [2, two.headers['etag']],
    ] as const
    const done = await complete(target, id, etags)
    expect(done.text).toContain('<CompleteMultipartUploadResult>')
    const resource = jsonOf(await harness.api({ target: '/storage/v1/b/parts/o/dir%2Fwhole' }))
    expect(resource).toMatchObject({
      size: '35',
      crc32c: encodeCrc32c(updateCrc32c(0, bytes)),
      contentType: 'video/mp4',
      metadata: { a: 'b' },
    })
    expect(resource).not.toHaveProperty('md5Hash')
    expectCode(await complete(target, id, etags), 404, 'NoSuchUpload')
    expect(textsOf(await harness.api({ target: '/parts?uploads' }), 'Key')).toEqual([])
  })

  it('refuse wrong lists of parts', async () => {
    const id = await start('/parts/list')
    const one = (await part('/parts/list', id, 1, 'x'.repeat(10))).headers['etag']
    const two = (await part('/parts/list', id, 2, 'y'.repeat(10))).headers['etag']
    const send = (parts: readonly (readonly [number, unknown])[]) =>
      complete('/parts/list', id, parts)
    expectCode(await send([[1, '"wrong"']]), 400, 'InvalidPart')
    expectCode(await send([[3, one]]), 400, 'InvalidPart')
    expectCode(
      await send([
        [2, two],
        [1, one],
      ]),
      400,
      'InvalidPartOrder',
    )
    expectCode(await send([]), 400, 'MalformedCompleteMultipartUploadRequest')
    const junk = { method: 'POST', target: `/parts/list?uploadId=${id}`, body: 'not xml <' }
    expectCode(await harness.api(junk), 400, 'MalformedCompleteMultipartUploadRequest')
    await part('/parts/list', id, 1, 'short')
    const short = `"${createHash('md5').update('short').digest('hex')}"`
    expectCode(
      await send([
        [1, short],
        [2, two],
      ]),
      400,
      'EntityTooSmall',
    )
    expect((await send([[2, two]])).status).toBe(200)
  })

  it('have a least size of 5 MiB for all parts but the last', async () => {
    const id = await start('/strict/a')
    const one = (await part('/strict/a', id, 1, Buffer.alloc(5 * 1024 * 1024 - 1))).headers['etag']
    const two = (await part('/strict/a', id, 2, 'x')).headers['etag']
    expectCode(
      await complete('/strict/a', id, [
        [1, one],
        [2, two],
      ]),
      400,
      'EntityTooSmall',
    )
    const full = (await part('/strict/a', id, 1, Buffer.alloc(5 * 1024 * 1024))).headers['etag']
    expect(
      (
        await complete('/strict/a', id, [
          [1, full],
          [2, two],
        ])
      ).status,
    ).toBe(200)
  })

  it('refuse preconditions, bad numbers, bad digests and what was aborted', async () => {
    const create = { 'x-goog-if-generation-match': '0' }
    const refused = { method: 'POST', target: '/parts/cond?uploads', headers: create }
    expectCode(await harness.api(refused), 400, 'InvalidArgument')
    const id = await start('/parts/cond')
    expectCode(await part('/parts/cond', id, 1, 'x', create), 400, 'InvalidArgument')
    expectCode(await part('/parts/cond', id, 0, 'x'), 400, 'InvalidArgument')
    expectCode(await part('/parts/cond', id, 10_001, 'x'), 400, 'InvalidArgument')
    expectCode(
      await part('/parts/cond', id, 1, 'x', { 'x-goog-hash': 'crc32c=AAAAAA==' }),
      400,
      'BadDigest',
    )
    expectCode(await part('/parts/other', id, 1, 'x'), 404, 'NoSuchUpload')
    const target = `/parts/cond?uploadId=${id}`
    expect((await harness.api({ method: 'DELETE', target })).status).toBe(204)
    expectCode(await harness.api({ method: 'DELETE', target }), 404, 'NoSuchUpload')
    expectCode(await part('/parts/cond', id, 1, 'x'), 404, 'NoSuchUpload')
  })

  it('list parts and uploads in pages', async () => {
    const ids = [await start('/strict/p/1'), await start('/strict/p/1'), await start('/strict/p/2')]
    const first = await harness.api({ target: '/strict?uploads&prefix=p/&max-uploads=2' })
    expect(textsOf(first, 'Key')).toEqual(['p/1', 'p/1'])
    const key = textsOf(first, 'NextKeyMarker')[0]
    const marker = textsOf(first, 'NextUploadIdMarker')[0]
    const rest = await harness.api({
      target: `/strict?uploads&prefix=p/&key-marker=${key}&upload-id-marker=${marker}`,
    })
    expect(textsOf(rest, 'UploadId')).toEqual([ids[2]])
    for (const number of [1, 5, 9]) await part('/strict/p/2', ids[2] ?? '', number, 'x')
    const page = await harness.api({ target: `/strict/p/2?uploadId=${ids[2]}&max-parts=2` })
    expect(textsOf(page, 'PartNumber')).toEqual(['1', '5'])
    expect(textsOf(page, 'NextPartNumberMarker')).toEqual(['5'])
  })
})

describe('buckets', () => {
  it('are made, listed and removed', async () => {
    expect((await put('/xml-made', '')).status).toBe(200)
    expectCode(await put('/xml-made', ''), 409, 'BucketAlreadyOwnedByYou')
    expectCode(await put('/Not_Valid_Name', ''), 400, 'InvalidBucketName')
    expect(textsOf(await harness.api({ target: '/' }), 'Name')).toContain('xml-made')
    expect((await harness.api({ method: 'HEAD', target: '/xml-made' })).status).toBe(200)
    await put('/xml-made/a', 'x')
    const remove = { method: 'DELETE', target: '/xml-made' }
    expectCode(await harness.api(remove), 409, 'BucketNotEmpty')
    await harness.api({ method: 'DELETE', target: '/xml-made/a' })
    expect((await harness.api(remove)).status).toBe(204)
    expect((await harness.api({ method: 'HEAD', target: '/xml-made' })).status).toBe(404)
  })

  it('are listed in both versions of the protocol', async () => {
    await harness.control('POST', 'buckets', { name: 'xml-list' })
    const names = ['a/1', 'a/2', 'b&c', 'é', '\u{1f600}', '｡', 'z']
    for (const name of names) await harness.put('xml-list', name, name)
    const all = await harness.api({ target: '/xml-list' })
    const order = ['a/1', 'a/2', 'b&amp;c', 'z', 'é', '｡', '\u{1f600}']
    expect(textsOf(all, 'Key')).toEqual(order)
    const pages: string[] = []
    let token = ''
    do {
      const target = `/xml-list?list-type=2&delimiter=/&max-keys=2${token}`
      const page = await harness.api({ target })
      pages.push([...textsOf(page, 'Key'), ...textsOf(page, 'Prefix').slice(1)].join(' '))
      const next = textsOf(page, 'NextContinuationToken')[0]
      token = next ? `&continuation-token=${next}` : ''
    } while (token !== '')
    expect(pages).toEqual(['b&amp;c a/', 'z é', '｡ \u{1f600}'])
    const marked = await harness.api({ target: '/xml-list?marker=b%26c&encoding-type=url' })
    expect(textsOf(marked, 'Key')[1]).toBe('%C3%A9')
    expectCode(
      await harness.api({ target: '/xml-list?encoding-type=base64' }),
      400,
      'InvalidArgument',
    )
  })
})

describe('CORS', () => {
  const preflight = (origin: string, method: string, headers = '') =>
    harness.raw({
      method: 'OPTIONS',
      target: '/xml/cors',
      headers: {
        origin,
        'access-control-request-method': method,
        ...(headers ? { 'access-control-request-headers': headers } : {}),
      },
    })

  it('answers preflights by the bucket’s rules', async () => {
    const allowed = await preflight('https://app.test', 'PUT', 'content-type')
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.test',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'content-type',
    })
    const reading = await preflight('https://other.test', 'GET', 'x-goog-meta-a')
    expect(reading.headers['access-control-allow-origin']).toBe('*')
    expect(reading.headers['access-control-max-age']).toBe('60')
    for (const refused of [
      await preflight('https://other.test', 'PUT'),
      await preflight('https://app.test', 'DELETE'),
      await preflight('https://app.test', 'PUT', 'x-goog-meta-a'),
    ]) {
      expect(refused.status).toBe(200)
      expect(refused.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('exposes headers on the answer itself', async () => {
    const origin = 'https://app.test'
    const written = await put('/xml/cors', 'x', { origin })
    expect(written.headers['access-control-allow-origin']).toBe(origin)
    expect(written.headers['access-control-expose-headers']).toBe('Content-Type, ETag')
    const foreign = await put('/xml/cors', 'x', { origin: 'https://other.test' })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
    const json = await harness.api({ target: '/storage/v1/b/xml/o/cors', headers: { origin } })
    expect(json.headers['access-control-allow-origin']).toBe(origin)
  })
})
