import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cpuSeconds } from './cpu.ts'
import { ask, generateLoad, isWhole } from './load.ts'
import { percentile } from './report.ts'

const seen: string[] = []
const server = createServer((request, response) => {
  seen.push(request.url ?? '')
  if (request.url === '/broken') request.socket.end('HTTP/1.1 200 OK\r\n')
  response.statusCode = request.url === '/wrong' ? 500 : 200
  if (request.url === '/chunks') response.write('first,')
  response.end('last')
})
const request = (path: string) => `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`
let port = 0

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

test('an answer is whole by its length, or by its last chunk', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
  expect(isWhole(head.slice(0, -2))).toBe(false)
  expect(isWhole(`${head}las`)).toBe(false)
  expect(isWhole(`${head}last`)).toBe(true)
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nlast'
  expect(isWhole(`${chunked}\r\n`)).toBe(false)
  expect(isWhole(`${chunked}\r\n0\r\n\r\n`)).toBe(true)
})

test('every request is sent once, over all connections, and each has a latency', async () => {
  seen.length = 0
  const aim = { port, request: (number: number) => request(`/${number}`), status: 200 }
  const { latencies, seconds } = await generateLoad(aim, 100, 8)
  expect(latencies).toHaveLength(100)
  expect(new Set(seen).size).toBe(100)
  expect(seconds).toBeGreaterThan(0)
})

test('an answer that is not as it should be ends the load', async () => {
  const aim = { port, request: () => request('/wrong'), status: 200 }
  await expect(generateLoad(aim, 10, 2)).rejects.toThrow('Not 200: HTTP/1.1 500')
})

test('one request is answered with its body, in chunks or not', async () => {
  expect(await ask(port, request('/whole'))).toEqual({ status: 200, body: 'last' })
  expect(await ask(port, request('/chunks'))).toEqual({ status: 200, body: 'first,last' })
})

test('an answer that breaks off is an error', async () => {
  await expect(ask(port, request('/broken'))).rejects.toThrow('before it had answered')
})

test('work is seen in the processor time of a process', async () => {
  const before = await cpuSeconds(process.pid)
  const { user, system } = process.cpuUsage()
  const enough = user + system + 50_000
  while (process.cpuUsage().user + process.cpuUsage().system < enough) Math.hypot(1, 2)
  expect((await cpuSeconds(process.pid)) - before).toBeGreaterThan(0.04)
})

test('a percentile is a value of the list', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(percentile(values, 99)).toBe(99)
  expect(percentile([7], 99)).toBe(7)
})
