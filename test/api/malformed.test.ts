// Requests that nobody should send, five hundred of them from a seed: none is our fault, none is served, and
// every honest one between them is.

import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningApi, Sent } from './running-api.ts'
import { SIGNING_STORE, startApi } from './running-api.ts'
import { seeded } from '../seeds.ts'

/** Of any UTF-16 code units, half surrogate pairs among them. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

let api: RunningApi
beforeAll(async () => {
  api = await startApi({
    stores: { main: SIGNING_STORE },
    workspaces: { app: { primary: 'main' } },
  })
})
afterAll(() => api.close())

const CONTROL: Sent = { json: { key: 'control', size: 1, contentType: 'text/plain' } }
const NAMES = [
  ...['key', 'size', 'contentType', 'checksum', 'metadata', 'ifAbsent', 'method', 'uploads'],
  ...['parts', 'partNumbers', 'expiresInSeconds', 'from', 'to', 'range', '__proto__', 'toString'],
]
/** What makes no request of any store: plans, ids and signed downloads. */
const POSTS = [
  ...['/uploads', '/uploads/batch', '/uploads/x/parts', '/uploads/x/complete', '/downloads'],
  ...['/uploads/%00/complete', '/uploads/a.b.c/parts', '/nothing', '/../objects/copy'],
]

const value = fc.oneof(
  fc.jsonValue(),
  anyText,
  fc.constantFrom(
    '../x',
    '.skein/x',
    'a'.repeat(5000),
    -1,
    1e308,
    '\u0000',
    '\ud800',
    null,
    {},
    [],
  ),
)
const object = fc.dictionary(fc.constantFrom(...NAMES), value)
const body = fc.oneof(
  object.map((one) => JSON.stringify(one)),
  fc.array(object).map((uploads) => JSON.stringify({ uploads })),
  fc.uint8Array({ maxLength: 200 }),
  fc.string(),
)
const headers = fc.dictionary(
  fc.constantFrom('x-request-id', 'origin', 'accept', 'content-type', 'range', 'if-match'),
  fc.stringMatching(/^[\x21-\x7e]{0,60}$/),
)
const post = fc.record({ path: fc.constantFrom(...POSTS), body, headers }).map((made) => {
  const type = { 'content-type': 'application/json' }
  const sent: Sent = {
    method: 'POST',
    body: made.body as BodyInit,
    headers: { ...type, ...made.headers },
  }
  return { path: `/v1/app${made.path}`, sent }
})
const get = fc
  .tuple(
    fc.constantFrom('download', 'uploads/x', 'upload', 'object', 'object', 'stats'),
    fc.dictionary(fc.constantFrom(...NAMES, 'zz'), anyText),
    fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
  )
  .map(([path, query, method]) => {
    const text = Object.entries({ ...query, zz: '1' })
      .map((pair) => pair.map((one) => encodeURIComponent(one.toWellFormed())).join('='))
      .join('&')
    return { path: `/v1/app/${path}?${text}`, sent: { method } }
  })

test('malformed requests are refused, and honest ones between them served', async () => {
  let sent = 0
  await fc.assert(
    fc.asyncProperty(fc.oneof(post, get), async ({ path, sent: request }) => {
      const answer = await api.send(path, request)
      const text = await answer.text()
      expect({ served: answer.status < 500, text }).toMatchObject({ served: true })
      expect(text).not.toContain(SIGNING_STORE.secretAccessKey)
      expect(isTold(answer.status, text)).toBe(true)
      const control = ++sent % 10 === 0 ? (await api.send('/v1/app/uploads', CONTROL)).status : 200
      expect(control).toBe(200)
    }),
    { ...seeded(), numRuns: 500 },
  )
}, 60_000)

/** A refusal is a problem document of this status, or the bare answer to a HEAD. */
function isTold(status: number, text: string): boolean {
  if (status < 400 || text === '') return true
  const told = JSON.parse(text) as { status: unknown; detail: unknown }
  return told.status === status && typeof told.detail === 'string'
}

test('what was logged of all that holds no secret, no token and no path', () => {
  const text = api.lines.join('\n')
  expect(api.lines.length).toBeGreaterThan(100)
  expect(text).not.toContain(api.tokens['owner'])
  expect(text).not.toContain(SIGNING_STORE.secretAccessKey)
  expect(text).not.toMatch(/Signature|%00|zz=|"level":"error"/)
})
