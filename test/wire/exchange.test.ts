// One exchange with servers of bad manners: what they do to a body on its way, to a connection, or to an
// answer must not be taken for something else, nor cost a socket.

import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { exchange, textOf } from '#shared/wire/exchange.ts'

const MiB = 1024 * 1024
const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0)) await stop()
})

/** Calls back with each connection on which something has come. */
async function listen(onFirstBytes: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => onFirstBytes(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const { signal } = new AbortController()

function zeros(size: number, onCancel: () => void = () => undefined): ReadableStream<Uint8Array> {
  let left = size
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close()
      const piece = Math.min(left, 65_536)
      left -= piece
      controller.enqueue(new Uint8Array(piece))
    },
    cancel: onCancel,
  })
}

const SIZE = 24 * MiB
const BODIES = {
  bytes: () => ({ bytes: new Uint8Array(SIZE) }),
  stream: () => ({ stream: zeros(SIZE), size: SIZE }),
}

it.each(['bytes', 'stream'] as const)(
  'a server that refuses %s without reading them is heard, and its connection let go',
  async (kind) => {
    let refused: Socket | undefined
    const url = await listen((socket) => {
      refused = socket.pause()
      socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    })
    const body = BODIES[kind]()
    const answer = await exchange({ method: 'PUT', url, headers: {}, body, signal })
    expect([answer.status, await textOf(answer)]).toEqual([403, 'no'])
    // What had been sent comes, and then the end of the connection instead of all the rest.
    const closed = once(refused!, 'close')
    refused!.resume()
    await closed
    expect(refused!.bytesRead).toBeLessThan(SIZE)
  },
)

it('a body that stops because its reader has been told to ends with the reason', async () => {
  const stop = new AbortController()
  const url = await listen((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst')
  })
  const { body } = await exchange({ method: 'GET', url, headers: {}, signal: stop.signal })
  const reader = body.getReader()
  await reader.read()
  const rest = reader.read()
  const reason = new Error('the user has gone')
  stop.abort(reason)
  await expect(rest).rejects.toBe(reason)
})

it('an answer that is cut short is a failure', async () => {
  const url = await listen((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nthree')
  })
  const answer = await exchange({ method: 'GET', url, headers: {}, signal })
  await expect(textOf(answer)).rejects.toThrow('aborted')
})

it.each([204, 304])('an answer of %i has no body, whatever length it announces', async (status) => {
  const url = await listen((socket) => {
    socket.write(`HTTP/1.1 ${status} It is\r\ncontent-length: 10\r\n\r\n`)
  })
  const answer = await exchange({ method: 'GET', url, headers: {}, signal })
  expect([answer.status, await textOf(answer)]).toEqual([status, ''])
})

it('a redirect is an answer, and is not followed', async () => {
  let asked = 0
  const elsewhere = await listen(() => asked++)
  const url = await listen((socket) => {
    socket.write(`HTTP/1.1 307 Go\r\nlocation: ${elsewhere}/\r\ncontent-length: 0\r\n\r\n`)
  })
  const answer = await exchange({ method: 'GET', url, headers: {}, signal })
  expect([answer.status, asked]).toEqual([307, 0])
})

it('a read on a kept connection that the server has closed meanwhile is made again', async () => {
  let connections = 0
  const url = await listen((socket) => {
    connections++
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    // As a server whose patience ended while the next request was on its way.
    socket.on('data', () => socket.destroy())
  })
  for (const _ of [1, 2]) {
    const answer = await exchange({ method: 'GET', url, headers: {}, signal })
    expect(await textOf(answer)).toBe('ok')
  }
  expect(connections).toBe(2)
})

it('a write on such a connection is not, since it may have been heard', async () => {
  let connections = 0
  const url = await listen((socket) => {
    connections++
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    socket.on('data', () => socket.destroy())
  })
  const put = () =>
    exchange({ method: 'PUT', url, headers: {}, body: { bytes: new Uint8Array(1) }, signal })
  await textOf(await put())
  await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(connections).toBe(1)
})

it('a stream is let go when its request breaks, even one that stands still', async () => {
  const url = await listen((socket) => socket.destroy())
  let letGo = () => {}
  const cancelled = new Promise<void>((resolve) => (letGo = resolve))
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const _ of [1, 2]) controller.enqueue(new Uint8Array(10))
    },
    cancel: letGo,
  })
  const body = { stream, size: 100 }
  const sent = exchange({ method: 'PUT', url, headers: {}, body, signal })
  await expect(sent).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/)
  await cancelled
})

it("frees an answer's pieces when they are sent, and nobody else's", async () => {
  const url = await listen((socket) => {
    socket.resume()
    socket.on('data', (bytes) => {
      if (bytes.includes('end')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  for (const framed of ['answer', undefined] as const) {
    const pieces = [new Uint8Array(65_536), new Uint8Array(Buffer.from('the end'))]
    const size = pieces.reduce((sum, { length }) => sum + length, 0)
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece)
        controller.close()
      },
    })
    const request = { method: 'PUT', url, headers: {}, body: { stream, size, framed }, signal }
    expect((await exchange(request)).status).toBe(200)
    expect(pieces[0]?.length).toBe(framed ? 0 : 65_536)
  }
})
