// A load generator that costs little of its own: prepared text over raw sockets, one request in flight on
// each, the next as soon as the answer is whole. It reads just enough of HTTP to know where an answer ends.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

export interface Aim {
  port: number
  /** The whole request with the number that it is told, which no other has. */
  request: (number: number) => string
  /** What every answer must have. */
  status: number
}

export interface Load {
  seconds: number
  /** One of each request, in milliseconds. */
  latencies: number[]
  /** Share of one core that the generator itself took: near 1, it is what was measured, not the server. */
  busy: number
}

/** Sends `count` requests over so many connections. Throws at the first answer that is not as it should be. */
export async function generateLoad(aim: Aim, count: number, connections: number): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(aim.port)))
  const latencies: number[] = []
  let begun = 0
  const next = () => (begun < count ? aim.request(begun++) : undefined)
  const cpu = process.cpuUsage()
  const started = performance.now()
  try {
    await Promise.all(sockets.map((socket) => drive(socket, next, aim.status, latencies)))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, latencies, busy: (user + system) / 1e6 / seconds }
}

/** One request by the same means. */
export async function ask(
  port: number,
  request: string,
): Promise<{ status: number; body: string }> {
  const socket = await open(port)
  try {
    socket.setEncoding('latin1')
    socket.write(request)
    let answer = ''
    for await (const text of socket) {
      answer += String(text)
      if (isWhole(answer)) break
    }
    if (!isWhole(answer))
      throw new Error('The server closed the connection before it had answered.')
    return { status: Number(answer.split(' ', 2)[1]), body: bodyOf(answer) }
  } finally {
    socket.destroy()
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** One connection, until there is no next request. */
function drive(
  socket: Socket,
  next: () => string | undefined,
  status: number,
  latencies: number[],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const right = `HTTP/1.1 ${status} `
  let received = ''
  let sentAt = 0
  const send = (): void => {
    const request = next()
    if (request === undefined) return resolve()
    sentAt = performance.now()
    socket.write(request)
  }
  socket.setEncoding('latin1')
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('The server closed a connection under load.')))
  socket.on('data', (text: string) => {
    received += text
    if (!isWhole(received)) return
    if (!received.startsWith(right)) return reject(new Error(`Not ${status}: ${received}`))
    latencies.push(performance.now() - sentAt)
    received = ''
    send()
  })
  send()
  return promise
}

const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = '\r\n0\r\n\r\n'

/** Of an answer with a length or in chunks; there is never more than one answer on its way. */
export function isWhole(answer: string): boolean {
  const headLength = answer.indexOf(HEAD_END)
  if (headLength < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, headLength))?.[1]
  if (length === undefined) return answer.endsWith(LAST_CHUNK)
  return answer.length >= headLength + HEAD_END.length + Number(length)
}

function bodyOf(answer: string): string {
  const body = answer.slice(answer.indexOf(HEAD_END) + HEAD_END.length)
  if (/\r\ncontent-length:/i.test(answer)) return body
  let whole = ''
  for (let at = 0; ;) {
    const start = body.indexOf('\r\n', at) + 2
    const length = Number.parseInt(body.slice(at, start), 16)
    if (length === 0) return whole
    whole += body.slice(start, start + length)
    at = start + length + 2
  }
}
