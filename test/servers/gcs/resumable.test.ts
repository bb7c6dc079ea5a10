/** The resumable protocol: offsets, units of 256 KiB, queries, ends, limits and origins. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCrc32c, updateCrc32c } from './crc32c.ts'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

const UNIT = 256 * 1024
let harness: Harness
let nowMs = Date.now()

beforeAll(async () => {
  harness = await startHarness({ now: () => nowMs })
  await harness.control('POST', 'buckets', {
    name: 'sessions',
    resource: { cors: [{ origin: ['https://app.test'], method: ['POST', 'PUT'] }] },
  })
})

afterAll(async () => {
  await harness.server.close()
})

async function start(name: string, headers = {}, query = '', resource = {}): Promise<string> {
  const reply = await harness.api({
    method: 'POST',
    target: `/upload/storage/v1/b/sessions/o?uploadType=resumable&name=${name}${query}`,
    headers,
    body: JSON.stringify(resource),
  })
  expect(reply.status).toBe(200)
  return targetOf(reply)
}

function targetOf(reply: Reply): string {
  const { pathname, search } = new URL(String(reply.headers['location']))
  return pathname + search
}

async function startXml(name: string, headers = {}): Promise<Reply> {
  const given = { 'x-goog-resumable': 'start', ...headers }
  return harness.api({ method: 'POST', target: `/sessions/${name}`, headers: given })
}

function put(target: string, body: Uint8Array | string, range?: string, headers = {}) {
  const given = range === undefined ? {} : { 'content-range': range }
  return harness.raw({ method: 'PUT', target, headers: { ...given, ...headers }, body })
}

function askStatus(target: string, total = '*') {
  return put(target, '', `bytes */${total}`)
}

describe('a session', () => {
  it('takes the object in one request', async () => {
    const target = await start('one', { 'x-upload-content-type': 'text/plain' })
    const reply = await put(target, 'hello')
    expect(jsonOf(reply)).toMatchObject({ name: 'one', size: '5', contentType: 'text/plain' })
  })

  it('takes chunks, and says how far it has come', async () => {
    const bytes = randomBytes(2 * UNIT + 7)
    const target = await start('chunks')
    const none = await askStatus(target)
    expect([none.status, none.headers['range']]).toEqual([308, undefined])
    const first = await put(target, bytes.subarray(0, UNIT), `bytes 0-${UNIT - 1}/*`)
    expect([first.status, first.headers['range']]).toEqual([308, `bytes=0-${UNIT - 1}`])
    expect((await askStatus(target)).headers['range']).toBe(`bytes=0-${UNIT - 1}`)
    const rest = `bytes ${UNIT}-${bytes.length - 1}/${bytes.length}`
    const last = await put(target, bytes.subarray(UNIT), rest)
    expect(jsonOf(last)).toMatchObject({
      size: String(bytes.length),
      crc32c: encodeCrc32c(updateCrc32c(0, bytes)),
    })
    expect(jsonOf(await askStatus(target)).size).toBe(String(bytes.length))
  })

  it('answers 200 in the place of 308 to who asks for that', async () => {
    const headers = { 'x-guploader-no-308': 'yes' }
    const reply = await put(await start('no-308'), '', 'bytes */*', headers)
    expect([reply.status, reply.headers['x-http-status-code-override']]).toEqual([200, '308'])
  })

  it('takes a stream of unknown length, and an empty object', async () => {
    const target = await start('stream')
    expect(jsonOf(await put(target, 'abc', 'bytes 0-*/*')).size).toBe('3')
    const empty = await start('empty')
    expect(jsonOf(await put(empty, '', 'bytes */0')).size).toBe('0')
  })

  it('refuses a chunk that is no whole number of units', async () => {
    const target = await start('odd')
    const reply = await put(target, 'x'.repeat(1000), 'bytes 0-999/*')
    expect(reply.status).toBe(400)
    expect(reply.text).toContain('262144')
    expect((await askStatus(target)).headers['range']).toBeUndefined()
  })

  it('refuses a gap and reads past an overlap', async () => {
    const bytes = randomBytes(2 * UNIT)
    const target = await start('gap')
    await put(target, bytes.subarray(0, UNIT), `bytes 0-${UNIT - 1}/*`)
    const gap = await put(target, 'x', `bytes ${UNIT + 5}-${UNIT + 5}/${UNIT + 6}`)
    expect(gap.status).toBe(400)
    expect(gap.text).toContain(`exceeds already uploaded size of ${UNIT}`)
    const again = await put(target, bytes, `bytes 0-${2 * UNIT - 1}/${2 * UNIT}`)
    expect(jsonOf(again).crc32c).toBe(encodeCrc32c(updateCrc32c(0, bytes)))
  })

  it.each([
    ['a header that is no range', 'bytes nonsense', 'abc'],
    ['a range that ends before it begins', 'bytes 5-2/10', 'abc'],
    ['a range beyond the total', 'bytes 0-9/5', 'abcdefghij'],
    ['a body shorter than its range', 'bytes 0-9/10', 'abc'],
    ['a body longer than its range', 'bytes 0-1/2', 'abc'],
  ])('refuses %s', async (_, range, body) => {
    expect((await put(await start('wrong'), body, range)).status).toBe(400)
  })

  it('holds to the length announced at its start', async () => {
    const target = await start('announced', { 'x-upload-content-length': '5' })
    expect((await put(target, 'abcdef', 'bytes 0-5/6')).status).toBe(400)
    expect(jsonOf(await put(target, 'hello', 'bytes 0-4/5')).size).toBe('5')
  })

  it('keeps whole units of a request that broke off', async () => {
    const bytes = randomBytes(3 * UNIT)
    const target = await start('broken')
    await harness.control('POST', 'faults', [
      {
        bucket: 'sessions',
        operation: 'resumable.put',
        action: { cutRequestAfterBytes: UNIT + 99 },
      },
    ])
    await expect(put(target, bytes, `bytes 0-*/${bytes.length}`)).rejects.toThrow(
      /hang up|reset|EPIPE/i,
    )
    expect((await askStatus(target)).headers['range']).toBe(`bytes=0-${UNIT - 1}`)
    const rest = `bytes ${UNIT}-${bytes.length - 1}/${bytes.length}`
    const done = await put(target, bytes.subarray(UNIT), rest)
    expect(jsonOf(done).crc32c).toBe(encodeCrc32c(updateCrc32c(0, bytes)))
  })

  it('checks its preconditions at its end', async () => {
    const target = await start('late', {}, '&ifGenerationMatch=0')
    await harness.put('sessions', 'late', 'first')
    expect((await put(target, 'second')).status).toBe(412)
    const read = await harness.api({ target: '/storage/v1/b/sessions/o/late?alt=media' })
    expect(read.text).toBe('first')
  })

  it('verifies digests at its end', async () => {
    const declared = await start('sum', {}, '', { crc32c: 'AAAAAA==' })
    expect((await put(declared, 'hello')).status).toBe(400)
    const right = await start('sum')
    const hash = { 'x-goog-hash': 'crc32c=mnG7TA==' }
    expect((await put(right, 'hello', 'bytes 0-4/5', hash)).status).toBe(200)
  })

  it('can be cancelled, and ends after a week', async () => {
    const target = await start('cancel')
    expect((await harness.raw({ method: 'DELETE', target })).status).toBe(499)
    expect((await put(target, 'x')).status).toBe(410)
    expect((await askStatus(target)).status).toBe(410)
    const unknown = target.replace(/upload_id=.*/, 'upload_id=unknown')
    expect((await askStatus(unknown)).status).toBe(404)
    const old = await start('old')
    nowMs += 7 * 24 * 3_600_000 + 1000
    expect((await askStatus(old)).status).toBe(410)
    nowMs -= 7 * 24 * 3_600_000 + 1000
  })

  it('refuses bad metadata and a missing bucket at its start', async () => {
    const begin = (target: string, resource = {}) =>
      harness.api({ method: 'POST', target, body: JSON.stringify(resource) })
    const path = '/upload/storage/v1/b/sessions/o?uploadType=resumable'
    expect((await begin(path)).status).toBe(400)
    expect((await begin(`${path}&name=x`, { metadata: { a: 1 } })).status).toBe(400)
    const elsewhere = path.replace('sessions', 'none-such')
    expect((await begin(`${elsewhere}&name=x`)).status).toBe(404)
    expect((await harness.raw({ method: 'POST', target: `${path}&name=x` })).status).toBe(401)
  })
})

describe('a session of the XML API', () => {
  it('begins with 201 and answers in headers', async () => {
    const started = await startXml('xml', { 'content-type': 'text/css', 'x-goog-meta-a': 'b' })
    expect(started.status).toBe(201)
    const done = await put(targetOf(started), 'body')
    expect([done.status, done.text]).toEqual([200, ''])
    expect(done.headers['x-goog-hash']).toContain('crc32c=')
    const resource = jsonOf(await harness.api({ target: '/storage/v1/b/sessions/o/xml' }))
    expect(resource).toMatchObject({ contentType: 'text/css', metadata: { a: 'b' } })
  })

  it('keeps to the size range that was signed', async () => {
    const range = { 'x-goog-content-length-range': '3,5' }
    const large = await put(targetOf(await startXml('range', range)), 'abcdef')
    expect(large.text).toContain('<Code>EntityTooLarge</Code>')
    const small = await put(targetOf(await startXml('range', range)), 'ab')
    expect([small.status, small.text]).toEqual([400, expect.stringContaining('EntityTooSmall')])
    expect((await put(targetOf(await startXml('range', range)), 'abcd')).status).toBe(200)
    const nonsense = await startXml('range', { 'x-goog-content-length-range': '5,3' })
    expect(nonsense.text).toContain('<Code>InvalidArgument</Code>')
  })

  it('belongs to the origin that began it', async () => {
    const origin = 'https://app.test'
    const started = await startXml('cors', { origin })
    expect(started.headers['access-control-allow-origin']).toBe(origin)
    const target = targetOf(started)
    const preflight = (from: string) =>
      harness.raw({
        method: 'OPTIONS',
        target,
        headers: { origin: from, 'access-control-request-method': 'PUT' },
      })
    expect((await preflight(origin)).headers['access-control-allow-origin']).toBe(origin)
    const foreign = await preflight('https://other.test')
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
    const first = await put(target, 'x'.repeat(UNIT), `bytes 0-${UNIT - 1}/*`, { origin })
    expect(first.headers['access-control-allow-origin']).toBe(origin)
    const other = await startXml('cors', { origin: 'https://other.test' })
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    const done = await put(targetOf(other), 'x', undefined, { origin: 'https://other.test' })
    expect(done.headers['access-control-allow-origin']).toBeUndefined()
  })
})
