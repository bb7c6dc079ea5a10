// What Node's server makes of HTTP: requests that are read without the web's own classes and say the same, and
// answers that are written as they were given.

import { request as send } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { Answer } from '../../functions/node/http/answer.ts'
import { listen } from '../../functions/node/listener.ts'

type Fetch = (request: Request) => Response | Promise<Response>

async function serve(fetch: Fetch): Promise<string> {
  const listener = await listen('127.0.0.1', 0, () => fetch)
  onTestFinished(() => listener.close())
  return listener.url
}

/** Over a connection that says nothing but this, whole. */
async function speak(url: string, lines: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end([...lines, 'connection: close', '', ''].join('\r\n'))
  return text(socket)
}

const addressed: Fetch = ({ url }) => new Answer(url, { status: 200, headers: {} })

test.each([
  ['/v1/a/uploads?key=a/b.txt', '127.0.0.1:8787', 'http://127.0.0.1:8787/v1/a/uploads?key=a/b.txt'],
  ['/a/../b/%2e%2e/c', 'example.com', 'http://example.com/c'],
  ['//evil.example/a', 'example.com', 'http://example.com//evil.example/a'],
  ["/a?b='c'", 'example.com', 'http://example.com/a?b=%27c%27'],
  ['/a', 'EXAMPLE.com:80', 'http://example.com/a'],
  ['/a', 'xn--80ak6aa92e.com', 'http://xn--80ak6aa92e.com/a'],
  ['/a', '[::1]:9000', 'http://[::1]:9000/a'],
  ['http://other.example/a', 'example.com', 'http://other.example/a'],
])('%s at %s is %s, as for the web', async (target, host, address) => {
  const url = await serve(addressed)
  const answer = await speak(url, [`GET ${target} HTTP/1.1`, `host: ${host}`])
  expect(answer.split('\r\n\r\n')[1]).toBe(address)
})

test.each([
  ['/a\\b', 'example.com'],
  ['*', 'example.com'],
  ['/a', 'user@example.com'],
  ['/a', 'example.com/b'],
  ['/a', '1.2.3.4.5'],
  ['http://', 'example.com'],
])('%s at %s is refused', async (target, host) => {
  const url = await serve(addressed)
  const answer = await speak(url, [`OPTIONS ${target} HTTP/1.1`, `host: ${host}`])
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
})

test('a header that stands several times is one value, and the web’s own class says the same', async () => {
  const url = await serve(({ headers }) => {
    const names = ['authorization', 'Accept', 'cookie', 'constructor', '__proto__', 'absent']
    const before = names.map((name) => headers.get(name))
    const has = names.map((name) => headers.has(name))
    const all = new Headers([...headers])
    const after = names.map((name) => all.get(name))
    headers.set('absent', 'now')
    const seen = { before, has, after, set: headers.get('absent') }
    return new Answer(JSON.stringify(seen), { status: 200, headers: {} })
  })
  const lines = [
    'authorization: a',
    'Authorization: b',
    'accept: x',
    'ACCEPT: y',
    'cookie: c',
    'cookie: d',
  ]
  const answer = await speak(url, ['GET / HTTP/1.1', 'host: a', ...lines])
  const values = ['a, b', 'x, y', 'c; d', null, null, null]
  expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual({
    before: values,
    has: [true, true, true, false, false, false],
    after: values,
    set: 'now',
  })
})

test('a body is read once, by whichever name', async () => {
  const ways: Record<string, (request: Request) => Promise<unknown>> = {
    text: (request) => request.text(),
    json: (request) => request.json(),
    arrayBuffer: async (request) => new TextDecoder().decode(await request.arrayBuffer()),
    bytes: async (request) => new TextDecoder().decode(await request.bytes()),
    body: (request) => new Response(request.body).text(),
    blob: async (request) => (await request.blob()).text(),
    clone: async (request) => [await request.clone().text(), await request.text()],
  }
  const url = await serve(async (request) => {
    const first = await ways[new URL(request.url).pathname.slice(1)]!(request)
    const again = await request.text().catch((error: Error) => error.name)
    return Response.json([request.method, first, request.bodyUsed, again])
  })
  for (const way of Object.keys(ways)) {
    const answer = await fetch(`${url}/${way}`, { method: 'PUT', body: '"ä…"' })
    const first = { json: 'ä…', clone: ['"ä…"', '"ä…"'] }[way] ?? '"ä…"'
    expect(await answer.json()).toEqual(['PUT', first, true, 'TypeError'])
  }
})

test('a body that breaks off is an error for whoever reads it', async () => {
  const told = Promise.withResolvers<unknown>()
  const url = await serve(async (request) => {
    told.resolve(await request.arrayBuffer().catch((error: unknown) => error))
    return new Answer(null, { status: 204, headers: {} })
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc', () =>
    socket.destroy(),
  )
  expect(await told.promise).toBeInstanceOf(Error)
})

test('the signal aborts when the client goes before it is answered', async () => {
  const aborted = Promise.withResolvers<boolean>()
  const url = await serve((request) => {
    request.signal.addEventListener('abort', () => aborted.resolve(request.signal.aborted))
    socket.destroy()
    return new Promise(() => undefined)
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  expect(await aborted.promise).toBe(true)
})

test('answers say how long they are, and those without a body say what they must', async () => {
  const answers: Record<string, () => Response> = {
    text: () => new Answer('ä', { status: 200, headers: { 'x-a': 'b' } }),
    none: () => new Answer(null, { status: 307, headers: { location: '/b' } }),
    empty: () => new Answer(null, { status: 204, headers: {} }),
    told: () => new Response(null, { headers: { 'content-length': '7' } }),
    stream: () => new Response(new Blob(['abc']).stream()),
  }
  const url = await serve((request) => answers[new URL(request.url).pathname.slice(1)]!())
  const lengthOf = async (path: string, method = 'GET') => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    send(`${url}/${path}`, { method }, (answer) => {
      resolve(answer.headers['content-length'])
      answer.resume()
    }).end()
    return promise
  }
  expect(await lengthOf('text')).toBe('2')
  expect(await lengthOf('none')).toBe('0')
  expect(await lengthOf('empty')).toBeUndefined()
  expect(await lengthOf('told', 'HEAD')).toBe('7')
  expect(await lengthOf('stream')).toBeUndefined()
  expect(await (await fetch(`${url}/stream`)).text()).toBe('abc')
})

test('an answer of parts is a Response to whoever asks more of it', async () => {
  const answer = new Answer('{"a":1}', { status: 201, headers: { 'x-a': 'b' } })
  expect(answer.ok).toBe(true)
  expect(answer.headers.get('x-a')).toBe('b')
  answer.headers.set('x-c', 'd')
  const copied = new Response(answer.body, answer)
  expect([copied.status, copied.headers.get('x-c'), await copied.json()]).toEqual([
    201,
    'd',
    { a: 1 },
  ])
  const url = await serve(() => {
    const changed = new Answer('a', { status: 200, headers: {} })
    changed.headers.set('x-e', 'f')
    return changed
  })
  expect((await fetch(url)).headers.get('x-e')).toBe('f')
})

test('what fails is answered without a word, and breaks off what was begun', async () => {
  const url = await serve(({ url: address }) => {
    if (!address.endsWith('/begun')) throw new Error('secret')
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from('a')),
      pull: (controller) => controller.error(new Error('secret')),
    })
    return new Response(broken)
  })
  const failed = await fetch(url)
  expect([failed.status, await failed.text()]).toEqual([500, ''])
  await expect(fetch(`${url}/begun`).then((answer) => answer.text())).rejects.toThrow('terminated')
})

test('a client that goes on with a body that is answered is let go', async () => {
  const url = await serve(() => new Answer(null, { status: 413, headers: {} }))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
  expect(await text(socket)).toMatch(/^HTTP\/1.1 413 /)
})

test('a connection serves on when the body that nobody read is through', async () => {
  const url = await serve(() => new Answer('x', { status: 200, headers: {} }))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const one = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n'
  socket.end(`${one}\r\nabc${one}connection: close\r\n\r\nabc`)
  expect((await text(socket)).match(/HTTP\/1.1 200 /g)).toHaveLength(2)
})
