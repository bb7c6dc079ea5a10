/** The control plane: each fault over a real socket, corruption, the log; and batches. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
  await harness.control('POST', 'buckets', { name: 'faulty' })
  await harness.put('faulty', 'k', '0123456789')
})

afterAll(async () => {
  await harness.server.close()
})

function arm(action: object, more: object = {}) {
  return harness.control('POST', 'faults', [{ bucket: 'faulty', action, ...more }])
}

function read(name = 'k') {
  return harness.api({ target: `/storage/v1/b/faulty/o/${name}?alt=media` })
}

describe('faults', () => {
  it('answer a status, in the API’s own shape, as often as asked', async () => {
    await arm({ status: 503, reason: 'backendError', retryAfter: 7 }, { skip: 1, times: 2 })
    const get = () => harness.api({ target: '/storage/v1/b/faulty/o/k' })
    expect((await get()).status).toBe(200)
    const refused = await get()
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('7')
    expect(jsonOf(refused).error.errors[0].reason).toBe('backendError')
    const xml = await harness.api({ target: '/faulty/k' })
    expect(xml.text).toContain('<Code>ServiceUnavailable</Code>')
    expect((await get()).status).toBe(200)
  })

  it('meet only the method, operation and key prefix that they name', async () => {
    await arm(
      { status: 429, reason: 'rateLimitExceeded' },
      { method: 'GET', operation: 'objects.download', keyPrefix: 'x/' },
    )
    await harness.put('faulty', 'x/1', 'x')
    expect((await read()).status).toBe(200)
    expect((await read('x%2F1')).status).toBe(429)
  })

  it('cut, flip and lose answers', async () => {
    await arm({ cutAfterBytes: 4 })
    await expect(read()).rejects.toThrow(/aborted|hang up/)
    await arm({ flipByteAt: 3 })
    expect((await read()).text).toBe('0122456789')
    await arm({ loseAnswer: true }, { operation: 'objects.insert' })
    await expect(harness.put('faulty', 'lost', 'x')).rejects.toThrow(/hang up|reset/)
    expect((await read('lost')).text).toBe('x')
  })

  it('delay, and hang until the client goes', async () => {
    await arm({ delayMs: 1 })
    expect((await read()).status).toBe(200)
    await arm({ hang: true })
    const socket = connect(harness.server.port, '127.0.0.1')
    socket.write('GET /faulty/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    const answered = new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true)).once('close', () => resolve(false))
    })
    // The next request is answered after the hanging one was taken in.
    expect((await waitForLog((one) => one.status === 0)).operation).toBe('objects.download')
    socket.destroy()
    expect(await answered).toBe(false)
  })

  interface Logged {
    readonly operation: string
    readonly status: number
  }

  async function waitForLog(wanted: (one: Logged) => boolean): Promise<Logged> {
    for (;;) {
      const { requests } = jsonOf(await harness.control('GET', 'requests?bucket=faulty'))
      const found = (requests as Logged[]).findLast(wanted)
      if (found && found.operation === 'objects.download') return found
    }
  }

  it('are cleared by bucket, and refused when malformed', async () => {
    await arm({ status: 500, reason: 'internalError' })
    await harness.control('DELETE', 'faults?bucket=another')
    await harness.control('DELETE', 'faults?bucket=faulty')
    expect((await read()).status).toBe(200)
    await expect(arm({ explode: true })).rejects.toThrow('400')
    await expect(arm({ hang: true, delayMs: 1 })).rejects.toThrow('400')
  })
})

describe('corruption', () => {
  it('changes bytes and no digest', async () => {
    const before = await harness.put('faulty', 'rot', '0123456789')
    const corrupt = (how: object) =>
      harness.control('POST', 'corrupt', { bucket: 'faulty', key: 'rot', ...how })
    await corrupt({ flipByteAt: 0 })
    expect((await read('rot')).text).toBe('1123456789')
    await corrupt({ truncateTo: 3 })
    await corrupt({ append: '!' })
    expect((await read('rot')).text).toBe('112!')
    const after = jsonOf(await harness.api({ target: '/storage/v1/b/faulty/o/rot' }))
    expect(after).toMatchObject({ crc32c: before['crc32c'], generation: before['generation'] })
    await expect(corrupt({ flipByteAt: 100 })).rejects.toThrow('400')
    await expect(corrupt({})).rejects.toThrow('400')
  })
})

describe('the log', () => {
  it('counts what was asked, without secrets, and is cleared', async () => {
    await harness.control('POST', 'buckets', { name: 'logged' })
    await harness.put('logged', 'a', 'abc')
    await harness.api({ target: '/storage/v1/b/logged/o/a?alt=media' })
    await harness.api({ target: '/logged/absent' })
    const log = await harness.control('GET', 'requests?bucket=logged')
    expect(jsonOf(log)).toEqual({
      count: 3,
      counts: { 'objects.insert': 1, 'objects.download': 2 },
      requests: [
        entry('json', 'objects.insert', 'POST', 'a', 200, { bytesIn: 3 }),
        entry('json', 'objects.download', 'GET', 'a', 200, { bytesOut: 3 }),
        entry('xml', 'objects.download', 'GET', 'absent', 404, {}),
      ],
    })
    expect(log.text).not.toContain(harness.token)
    await harness.control('DELETE', 'requests?bucket=logged')
    expect(jsonOf(await harness.control('GET', 'requests?bucket=logged')).count).toBe(0)
  })

  function entry(
    api: string,
    operation: string,
    method: string,
    key: string,
    status: number,
    bytes: object,
  ) {
    const any = { bytesIn: expect.any(Number), bytesOut: expect.any(Number) }
    return { api, operation, method, bucket: 'logged', key, status, ...any, ...bytes }
  }
})

describe('a batch', () => {
  function batch(calls: readonly string[], headers = {}): Promise<Reply> {
    const parts = calls.map(
      (text, at) =>
        `--X\r\nContent-Type: application/http\r\nContent-ID: <c${at}>\r\n\r\n${text}\r\n`,
    )
    return harness.api({
      method: 'POST',
      target: '/batch/storage/v1',
      headers: { 'content-type': 'multipart/mixed; boundary=X', ...headers },
      body: `${parts.join('')}--X--`,
    })
  }

  it('answers each call as if it had come alone', async () => {
    await harness.control('POST', 'buckets', { name: 'batched' })
    for (const name of ['a', 'b']) await harness.put('batched', name, name)
    const patch = '{"metadata":{"k":"v"}}'
    const reply = await batch([
      'DELETE /storage/v1/b/batched/o/a HTTP/1.1\r\n\r\n',
      `PATCH /storage/v1/b/batched/o/b HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${patch.length}\r\n\r\n${patch}`,
      'GET /storage/v1/b/batched/o/absent HTTP/1.1\r\n\r\n',
    ])
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toMatch(/^multipart\/mixed; boundary=/)
    expect([...reply.text.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual([
      '204',
      '200',
      '404',
    ])
    expect(reply.text).toContain('Content-ID: <response-c1>')
    expect(reply.text).toContain('"metadata":{"k":"v"}')
    const log = jsonOf(await harness.control('GET', 'requests?bucket=batched'))
    expect(log.counts).toMatchObject({ 'objects.delete': 1, 'objects.patch': 1, 'objects.get': 1 })
  })

  it('lets a fault into one of its calls', async () => {
    await harness.control('POST', 'faults', [
      {
        bucket: 'faulty',
        operation: 'objects.delete',
        action: { status: 503, reason: 'backendError' },
      },
    ])
    const one = 'DELETE /storage/v1/b/faulty/o/none HTTP/1.1\r\n\r\n'
    const reply = await batch([one, one])
    expect([...reply.text.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual([
      '503',
      '404',
    ])
  })

  it('refuses more than 100 calls, none, uploads, and callers without a token', async () => {
    const get = 'GET /storage/v1/b/faulty/o/k HTTP/1.1\r\n\r\n'
    expect((await batch(Array.from({ length: 101 }, () => get))).status).toBe(400)
    expect((await batch(Array.from({ length: 100 }, () => get))).status).toBe(200)
    expect((await batch([])).status).toBe(400)
    const upload = 'POST /upload/storage/v1/b/faulty/o?uploadType=media&name=x HTTP/1.1\r\n\r\nx'
    expect((await batch([upload])).status).toBe(400)
    const download = 'GET /storage/v1/b/faulty/o/k?alt=media HTTP/1.1\r\n\r\n'
    expect((await batch([download])).text).toContain('HTTP/1.1 400')
    const anonymous = await batch([get], { authorization: '' })
    expect(anonymous.text).toContain('HTTP/1.1 401')
  })
})
