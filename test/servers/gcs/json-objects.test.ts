/**
 * The JSON API's objects over raw requests: what is answered, and each refusal with its status
 * and reason.
 */
import { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
  await harness.control('POST', 'buckets', { name: 'objects' })
  await harness.control('POST', 'buckets', { name: 'versioned', versioning: true })
})

afterAll(async () => {
  await harness.server.close()
})

function expectReason(reply: Reply, status: number, reason: string) {
  expect(reply.status).toBe(status)
  const { error } = jsonOf(reply)
  expect(error.code).toBe(status)
  expect(error.errors).toMatchObject([{ domain: 'global', reason, message: error.message }])
}

function objectPath(name: string, bucket = 'objects') {
  return `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`
}

function multipart(resource: object, media: string, query = '', type = 'text/plain') {
  const body = [
    '--B\r\nContent-Type: application/json\r\n\r\n',
    JSON.stringify(resource),
    `\r\n--B\r\nContent-Type: ${type}\r\n\r\n`,
    media,
    '\r\n--B--',
  ].join('')
  return harness.api({
    method: 'POST',
    target: `/upload/storage/v1/b/objects/o?uploadType=multipart${query}`,
    headers: { 'content-type': 'multipart/related; boundary=B' },
    body,
  })
}

describe('insert', () => {
  it('describes what it stored', async () => {
    const reply = await multipart(
      {
        name: 'a/b c.txt',
        metadata: { k: 'v' },
        storageClass: 'NEARLINE',
        cacheControl: 'no-cache',
      },
      'hello',
    )
    const resource = jsonOf(reply)
    expect(resource).toMatchObject({
      kind: 'storage#object',
      id: `objects/a/b c.txt/${resource.generation}`,
      name: 'a/b c.txt',
      bucket: 'objects',
      metageneration: '1',
      size: '5',
      md5Hash: 'XUFAKrxLKna5cZ2REBfFkg==',
      crc32c: 'mnG7TA==',
      contentType: 'text/plain',
      storageClass: 'NEARLINE',
      cacheControl: 'no-cache',
      metadata: { k: 'v' },
    })
    expect(resource.generation).toMatch(/^\d{16}$/)
    expect(resource.timeStorageClassUpdated).toBe(resource.timeCreated)
    expect(reply.headers['x-guploader-uploadid']).toBeDefined()
  })

  it('keeps bytes that look like a boundary, and empty media', async () => {
    const media = '\r\n--B2 not the end\r\n--\r\n--b--'
    expect(jsonOf(await multipart({ name: 'tricky' }, media)).size).toBe(String(media.length))
    const read = await harness.api({ target: `${objectPath('tricky')}?alt=media` })
    expect(read.text).toBe(media)
    expect(jsonOf(await multipart({ name: 'empty' }, '')).size).toBe('0')
  })

  it('verifies digests that the client declares', async () => {
    const crc32c = 'mnG7TA=='
    const md5Hash = 'XUFAKrxLKna5cZ2REBfFkg=='
    expect((await multipart({ name: 'sum', crc32c, md5Hash }, 'hello')).status).toBe(200)
    expectReason(await multipart({ name: 'sum2', crc32c }, 'hellO'), 400, 'invalid')
    expectReason(await multipart({ name: 'sum2', md5Hash }, 'hellO'), 400, 'invalid')
    const media = (hash: string) =>
      harness.api({
        method: 'POST',
        target: '/upload/storage/v1/b/objects/o?uploadType=media&name=sum2',
        headers: { 'x-goog-hash': hash },
        body: 'hello',
      })
    expect((await media(`crc32c=${crc32c},md5=${md5Hash}`)).status).toBe(200)
    expectReason(await media('crc32c=AAAAAA=='), 400, 'invalid')
    expectReason(await media('crc32c=nonsense'), 400, 'invalid')
  })

  it.each([
    ['an unknown storage class', { storageClass: 'GLACIER' }],
    ['metadata beyond 8 KiB', { metadata: { k: 'x'.repeat(8192) } }],
    ['metadata that is no text', { metadata: { k: 1 } }],
    ['a name beyond 1,024 bytes', { name: 'é'.repeat(513) }],
    ['a name with a line break', { name: 'a\nb' }],
    ['the name "."', { name: '.' }],
    ['the name ".."', { name: '..' }],
    ['a custom time that is none', { customTime: 'tomorrow' }],
  ])('refuses %s', async (_, resource) => {
    expectReason(await multipart({ name: 'refused', ...resource }, 'x'), 400, 'invalid')
    expect((await harness.api({ target: objectPath('refused') })).status).toBe(404)
  })

  it('takes a name of exactly 1,024 bytes', async () => {
    expect((await multipart({ name: 'é'.repeat(512) }, 'x')).status).toBe(200)
  })

  it('refuses a missing name, a missing bucket, a broken body and an unknown upload type', async () => {
    expectReason(await multipart({}, 'x'), 400, 'required')
    const upload = (target: string, body = 'x', headers = {}) =>
      harness.api({ method: 'POST', target: `/upload/storage/v1/b/${target}`, body, headers })
    expectReason(await upload('none-such/o?uploadType=media&name=a'), 404, 'notFound')
    expectReason(await upload('objects/o?uploadType=other&name=a'), 400, 'invalid')
    const related = { 'content-type': 'multipart/related; boundary=B' }
    expectReason(
      await upload('objects/o?uploadType=multipart', '--B\r\n\r\n{}', related),
      400,
      'invalid',
    )
    expectReason(await upload('objects/o?uploadType=multipart', 'x', {}), 400, 'invalid')
  })
})

describe('preconditions', () => {
  it('hold for every write', async () => {
    const first = jsonOf(await multipart({ name: 'cond' }, '1', '&ifGenerationMatch=0'))
    expectReason(
      await multipart({ name: 'cond' }, '2', '&ifGenerationMatch=0'),
      412,
      'conditionNotMet',
    )
    const right = `&ifGenerationMatch=${first.generation}`
    expect((await multipart({ name: 'cond' }, '2', right)).status).toBe(200)
    expectReason(await multipart({ name: 'cond' }, '3', right), 412, 'conditionNotMet')
    expectReason(
      await multipart({ name: 'cond' }, '3', '&ifMetagenerationMatch=9'),
      412,
      'conditionNotMet',
    )
    expectReason(
      await multipart({ name: 'new' }, '3', '&ifGenerationNotMatch=0'),
      412,
      'conditionNotMet',
    )
    expectReason(await multipart({ name: 'cond' }, '3', '&ifGenerationMatch=x'), 400, 'invalid')
    const target = `${objectPath('cond')}?ifGenerationMatch=${first.generation}`
    expectReason(await harness.api({ method: 'DELETE', target }), 412, 'conditionNotMet')
    expectReason(await harness.api({ method: 'PATCH', target, body: '{}' }), 412, 'conditionNotMet')
  })

  it('make reads 412 or 304', async () => {
    const { generation } = await harness.put('objects', 'read', 'x')
    const read = (query: string) => harness.api({ target: `${objectPath('read')}?${query}` })
    expect((await read(`ifGenerationMatch=${generation}`)).status).toBe(200)
    expectReason(await read('ifGenerationMatch=1'), 412, 'conditionNotMet')
    const same = await read(`ifGenerationNotMatch=${generation}&alt=media`)
    expect([same.status, same.text]).toEqual([304, ''])
    expect((await read('ifMetagenerationNotMatch=1')).status).toBe(304)
    expect((await read('ifMetagenerationNotMatch=2')).status).toBe(200)
  })
})

describe('reading', () => {
  it('answers ranges', async () => {
    await harness.put('objects', 'digits', '0123456789')
    const read = (range: string) =>
      harness.api({ target: `${objectPath('digits')}?alt=media`, headers: { range } })
    const middle = await read('bytes=2-4')
    expect([middle.status, middle.text]).toEqual([206, '234'])
    expect(middle.headers['content-range']).toBe('bytes 2-4/10')
    expect((await read('bytes=-3')).text).toBe('789')
    expect((await read('bytes=8-99')).text).toBe('89')
    const beyond = await read('bytes=10-')
    expect(beyond.status).toBe(416)
    expect(beyond.headers['content-range']).toBe('bytes */10')
    expect((await read('bytes=4-2')).status).toBe(200)
  })

  it('opens gzip unless the client takes it', async () => {
    const packed = gzipSync('packed text')
    const target = '/upload/storage/v1/b/objects/o?uploadType=media&name=z&contentEncoding=gzip'
    await harness.api({ method: 'POST', target, body: packed })
    const read = (headers = {}) =>
      harness.api({ target: `${objectPath('z')}?alt=media`, headers: { ...headers } })
    const opened = await read({ range: 'bytes=0-3' })
    expect([opened.status, opened.text]).toEqual([200, 'packed text'])
    expect(opened.headers['content-length']).toBeUndefined()
    expect(opened.headers['content-encoding']).toBeUndefined()
    expect(opened.headers['x-goog-stored-content-encoding']).toBe('gzip')
    expect(opened.headers['warning']).toContain('214')
    const raw = await read({ 'accept-encoding': 'gzip' })
    expect(raw.headers['content-encoding']).toBe('gzip')
    expect(raw.body.equals(packed)).toBe(true)
    expect(gunzipSync(raw.body).toString()).toBe('packed text')
  })

  it('says in plain text that media is not there', async () => {
    const reply = await harness.api({ target: `${objectPath('absent')}?alt=media` })
    expect([reply.status, reply.text]).toEqual([404, 'No such object: objects/absent'])
    expectReason(await harness.api({ target: objectPath('absent') }), 404, 'notFound')
    expectReason(await harness.api({ target: '/storage/v1/b/none-such/o' }), 404, 'notFound')
    expectReason(await harness.api({ target: '/storage/v1/b/objects/o/a/b/c' }), 404, 'notFound')
    expectReason(await harness.api({ target: '/storage/v1/b/objects/o/%FF' }), 400, 'invalid')
  })

  it('honours fields', async () => {
    await harness.put('objects', 'fields', 'x')
    const one = await harness.api({ target: `${objectPath('fields')}?fields=name,size` })
    expect(jsonOf(one)).toEqual({ name: 'fields', size: '1' })
    const list = await harness.api({
      target: '/storage/v1/b/objects/o?prefix=fields&fields=items(name,size),nextPageToken',
    })
    expect(jsonOf(list)).toEqual({ items: [{ name: 'fields', size: '1' }] })
    expectReason(
      await harness.api({ target: `${objectPath('fields')}?fields=a((` }),
      400,
      'invalid',
    )
  })

  it('streams bodies of many chunks', async () => {
    const bytes = randomBytes(3_000_001)
    await harness.put('objects', 'large', bytes)
    const read = await harness.api({
      target: `${objectPath('large')}?alt=media`,
      headers: { range: 'bytes=65530-2000000' },
    })
    expect(read.body.equals(bytes.subarray(65_530, 2_000_001))).toBe(true)
  })
})

describe('changing', () => {
  it('merges a patch and replaces with an update', async () => {
    await multipart({ name: 'p', contentLanguage: 'de', metadata: { a: '1', b: '2' } }, 'x')
    const target = objectPath('p')
    const change = { metadata: { a: null, c: '3' }, cacheControl: 'no-store' }
    const patched = jsonOf(
      await harness.api({ method: 'PATCH', target, body: JSON.stringify(change) }),
    )
    expect(patched).toMatchObject({
      metageneration: '2',
      contentType: 'text/plain',
      contentLanguage: 'de',
      metadata: { b: '2', c: '3' },
    })
    expect(patched.metadata).not.toHaveProperty('a')
    const update = JSON.stringify({ contentType: 'image/png' })
    const updated = jsonOf(await harness.api({ method: 'PUT', target, body: update }))
    expect(updated).toMatchObject({ metageneration: '3', contentType: 'image/png' })
    expect(updated).not.toHaveProperty('metadata')
    expect(updated).not.toHaveProperty('contentLanguage')
  })

  it('moves custom time only forward, and the class not at all', async () => {
    await multipart({ name: 't', customTime: '2026-01-01T00:00:00Z' }, 'x')
    const patch = (change: object) =>
      harness.api({ method: 'PATCH', target: objectPath('t'), body: JSON.stringify(change) })
    expectReason(await patch({ customTime: '2025-01-01T00:00:00Z' }), 400, 'invalid')
    expectReason(await patch({ customTime: null }), 400, 'invalid')
    expect((await patch({ customTime: '2027-01-01T00:00:00Z' })).status).toBe(200)
    expectReason(await patch({ storageClass: 'COLDLINE' }), 400, 'invalid')
  })

  it('holds keep an object from deletion and overwriting', async () => {
    await multipart({ name: 'held', temporaryHold: true }, 'x')
    const target = objectPath('held')
    expectReason(await harness.api({ method: 'DELETE', target }), 403, 'objectUnderActiveHold')
    expectReason(await multipart({ name: 'held' }, 'y'), 403, 'objectUnderActiveHold')
    const body = JSON.stringify({ temporaryHold: false })
    expect((await harness.api({ method: 'PATCH', target, body })).status).toBe(200)
    expect((await harness.api({ method: 'DELETE', target })).status).toBe(204)
  })

  it('retention keeps an object until its time', async () => {
    await harness.api({
      method: 'POST',
      target: '/storage/v1/b?project=p&enableObjectRetention=true',
      body: JSON.stringify({ name: 'retained' }),
    })
    await harness.put('retained', 'r', 'x')
    const target = objectPath('r', 'retained')
    const until = (year: number, mode = 'Unlocked') =>
      JSON.stringify({ retention: { mode, retainUntilTime: `${year}-01-01T00:00:00Z` } })
    expect((await harness.api({ method: 'PATCH', target, body: until(2300) })).status).toBe(200)
    expectReason(await harness.api({ method: 'DELETE', target }), 403, 'retentionPolicyNotMet')
    expectReason(
      await harness.api({ method: 'PATCH', target, body: until(2200) }),
      403,
      'forbidden',
    )
    const override = `${target}?overrideUnlockedRetention=true`
    const lock = until(2200, 'Locked')
    expect((await harness.api({ method: 'PATCH', target: override, body: lock })).status).toBe(200)
    const weaker = { method: 'PATCH', target: override, body: until(2100, 'Locked') }
    expectReason(await harness.api(weaker), 403, 'forbidden')
    await harness.put('objects', 'plain', 'x')
    const plain = { method: 'PATCH', target: objectPath('plain'), body: until(2300) }
    expectReason(await harness.api(plain), 400, 'invalid')
  })
})

describe('versions', () => {
  it('keep what was overwritten and deleted', async () => {
    const first = await harness.put('versioned', 'v', 'one')
    const second = await harness.put('versioned', 'v', 'two')
    const target = objectPath('v', 'versioned')
    expect((await harness.api({ method: 'DELETE', target })).status).toBe(204)
    expectReason(await harness.api({ target }), 404, 'notFound')
    const old = await harness.api({
      target: `${target}?alt=media&generation=${first['generation']}`,
    })
    expect(old.text).toBe('one')
    const live = jsonOf(await harness.api({ target: '/storage/v1/b/versioned/o' }))
    expect(live).not.toHaveProperty('items')
    const list = () => harness.api({ target: '/storage/v1/b/versioned/o?versions=true' })
    const { items } = jsonOf(await list())
    expect(items.map((item: { generation: string }) => item.generation)).toEqual([
      first['generation'],
      second['generation'],
    ])
    expect(items[0].timeDeleted).toBeDefined()
    const gone = `${target}?generation=${first['generation']}`
    expect((await harness.api({ method: 'DELETE', target: gone })).status).toBe(204)
    expectReason(await harness.api({ method: 'DELETE', target: gone }), 404, 'notFound')
    expect(jsonOf(await list()).items).toHaveLength(1)
  })
})

describe('the rate of updates', () => {
  it('is limited only where a test asks for it', async () => {
    await harness.control('POST', 'buckets', { name: 'slow', limitUpdateRate: true })
    await harness.put('slow', 'k', '1')
    const target = '/upload/storage/v1/b/slow/o?uploadType=media&name=k'
    const reply = await harness.api({ method: 'POST', target, body: '2' })
    expectReason(reply, 429, 'rateLimitExceeded')
    await harness.put('slow', 'other', '1')
  })
})
