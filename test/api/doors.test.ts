// The door itself, over a real socket: who is let in, what HTTP says of a request that no route takes, and what
// a request that cannot be right is told. Stores only sign here; none is asked.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Problem } from '#shared/client/protocol.ts'
import type { RunningApi, Sent } from './running-api.ts'
import { SIGNING_STORE, startApi } from './running-api.ts'

const PLAN = '/v1/app/uploads'
const PHOTO = { key: 'photos/a.jpg', size: 3, contentType: 'image/jpeg' }

let api: RunningApi
beforeAll(async () => {
  api = await startApi(
    {
      stores: {
        main: SIGNING_STORE,
        gone: { ...SIGNING_STORE, uri: 's3://other?region=eu-west-1' },
      },
      workspaces: { app: { primary: 'main' }, hidden: { primary: 'gone' } },
      cors: { origins: ['https://app.example.com', 'https://*.example.org'], maxAge: '1h' },
    },
    {
      holders: [
        { name: 'reader', scopes: ['download', 'list'] },
        { name: 'late', expires: '2020-01-01' },
        { name: 'ann', prefix: 'users/ann/' },
      ],
    },
  )
})
afterAll(() => api.close())

async function refused(path: string, sent: Sent, status: number): Promise<Problem> {
  const answer = await api.send(path, sent)
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  const told = (await answer.json()) as Problem
  expect(told).toMatchObject({ type: expect.any(String), title: expect.any(String), status })
  return told
}

describe('who is let in', () => {
  it('is whoever has a token that the configuration knows', async () => {
    const answer = await api.send(PLAN, { json: PHOTO })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ key: PHOTO.key, store: 'main', method: 'put' })
  })

  it.each(['/v1/%61pp/uploads', '/v1/app/upload%73', '/v1/app/uploads?'])(
    'is let in by %s as well, which is the same path',
    async (path) => {
      const answer = await api.send(path, { json: PHOTO })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ key: PHOTO.key, store: 'main', method: 'put' })
    },
  )

  const NO_TOKEN = 'Bearer realm="skein"'
  const UNKNOWN = 'Bearer realm="skein", error="invalid_token"'
  it.each<[string, Record<string, string>, RegExp, string]>([
    ['no token', {}, /takes a token/, NO_TOKEN],
    ['another scheme', { authorization: 'Basic YTpi' }, /Bearer/, NO_TOKEN],
    ['an empty token', { authorization: 'Bearer ' }, /Bearer/, NO_TOKEN],
    ['an unknown token', { authorization: `Bearer skein_${'A'.repeat(43)}` }, /not known/, UNKNOWN],
    ['a JWT, of which none is known', { authorization: 'Bearer e30.e30.AA' }, /not known/, UNKNOWN],
    [
      'a token beyond measure',
      { authorization: `Bearer ${'a'.repeat(9000)}` },
      /not known/,
      UNKNOWN,
    ],
  ])('is nobody with %s', async (_, headers, sentence, challenge) => {
    const answer = await api.send(PLAN, { as: null, json: PHOTO, headers })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(challenge)
    expect(((await answer.json()) as Problem).detail).toMatch(sentence)
  })

  it('is nobody with a token that has expired', async () => {
    const { detail } = await refused(PLAN, { as: 'late', json: PHOTO }, 401)
    expect(detail).toBe('Your token has expired.')
  })

  it('needs the scope', async () => {
    const { detail } = await refused(PLAN, { as: 'reader', json: PHOTO }, 403)
    expect(detail).toContain('`upload`')
    const copy = { from: 'photos/a.jpg', to: 'photos/b.jpg' }
    await refused('/v1/app/objects/copy', { as: 'reader', json: copy }, 403)
  })

  it('cannot tell a forbidden workspace from one that is not there', async () => {
    const [forbidden, unknown] = [
      await refused('/v1/hidden/uploads', { as: 'ann', json: PHOTO }, 403),
      await refused('/v1/nothing/uploads', { as: 'ann', json: PHOTO }, 403),
    ]
    expect(forbidden).toEqual(unknown)
    expect(await refused('/v1/nothing/uploads', { json: PHOTO }, 403)).toEqual(unknown)
  })

  it.each(['/v1/constructor/uploads', '/v1/__proto__/uploads', '/v1/%2e%2e/uploads'])(
    'finds no workspace at %s',
    async (path) => {
      const { status } = await api.send(path, { json: PHOTO })
      expect([403, 404]).toContain(status)
    },
  )
})

describe('a token for some keys', () => {
  const theirs = 'users/bob/secret.txt'
  it.each<[string, string, Sent]>([
    ['plan', PLAN, { json: { ...PHOTO, key: theirs } }],
    ['be redirected to upload', `/v1/app/upload?key=${theirs}`, { method: 'PUT', body: 'abc' }],
    ['download', '/v1/app/downloads', { json: { key: theirs } }],
    ['be redirected to', `/v1/app/download?key=${theirs}`, {}],
    ['describe', `/v1/app/object?key=${theirs}`, {}],
    ['delete', `/v1/app/object?key=${theirs}`, { method: 'DELETE' }],
    ['list', '/v1/app/objects?prefix=users/', {}],
    ['count', '/v1/app/stats?prefix=users/b', {}],
    ['copy', '/v1/app/objects/copy', { json: { from: theirs, to: 'users/ann/mine' } }],
    ['copy over', '/v1/app/objects/copy', { json: { from: 'users/ann/mine', to: theirs } }],
    ['find the uploads of', '/v1/app/uploads?prefix=users/bob/', {}],
  ])('cannot %s others', async (_, path, sent) => {
    const { detail } = await refused(path, { ...sent, as: 'ann' }, 403)
    expect(detail).toContain('users/ann/')
  })

  it('works for its own', async () => {
    const key = 'users/ann/a.jpg'
    expect((await api.send(PLAN, { as: 'ann', json: { ...PHOTO, key } })).status).toBe(200)
    expect((await api.send('/v1/app/downloads', { as: 'ann', json: { key } })).status).toBe(200)
  })
})

describe('requests that no route takes', () => {
  it.each(['/v1', '/v1/app', '/v1/app/nothing', '/v1/app/uploads/', '/v1//uploads'])(
    '%s leads nowhere',
    async (path) => {
      expect((await refused(path, {}, 404)).type).toBe('urn:skein:problem:not-found')
    },
  )

  it.each([
    ['PATCH', PLAN, 'POST, GET, HEAD, OPTIONS'],
    ['PUT', '/v1/app/objects/copy', 'POST, OPTIONS'],
    ['POST', '/v1/app/object', 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/v1/app/uploads/x/parts', 'POST, OPTIONS'],
    ['DELETE', '/healthz', 'GET, HEAD, OPTIONS'],
  ])('%s %s is told which methods there are', async (method, path, allow) => {
    const answer = await api.send(path, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allow)
  })

  it('OPTIONS is answered without a token, HEAD as GET', async () => {
    const options = await api.send(PLAN, { method: 'OPTIONS', as: null })
    expect([options.status, options.headers.get('allow')]).toEqual([
      204,
      'POST, GET, HEAD, OPTIONS',
    ])
    const path = '/v1/app/download?key=a'
    const [head, get] = [await api.send(path, { method: 'HEAD' }), await api.send(path)]
    expect([head.status, get.status]).toEqual([307, 307])
    expect((await api.send('/v1/app/download', { method: 'HEAD', as: null })).status).toBe(401)
  })
})

describe('a body', () => {
  const big = JSON.stringify({ ...PHOTO, contentDisposition: 'a'.repeat(2 ** 20) })
  it.each<[string, Sent, number, RegExp]>([
    ['of another type', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, /JSON/],
    ['of a form', { body: new URLSearchParams(PHOTO as never) }, 415, /JSON/],
    ['of no type', { body: new Uint8Array([123, 125]) }, 415, /JSON/],
    ['too long', { body: big, headers: { 'content-type': 'application/json' } }, 413, /1048576/],
  ])('%s is refused', async (_, sent, status, sentence) => {
    expect((await refused(PLAN, { method: 'POST', ...sent }, status)).detail).toMatch(sentence)
  })

  it('too long is refused when nobody said how long', async () => {
    const body = new Blob([big]).stream()
    const init = {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    }
    await refused(PLAN, init, 413)
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    ['that is not JSON', '{"key":', /not JSON/],
    ['that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /not UTF-8/],
    ['with a name twice', '{"key":"a","size":1,"key":"b"}', /"key" stands twice/],
    ['with a name twice, once escaped', '{"key":"a","\\u006bey":"b"}', /"key" stands twice/],
    ['with a name twice further in', '{"metadata":{"a":"1","a":"2"}}', /"a" stands twice/],
    ['with a name of the language', '{"__proto__":{"key":"a"}}', /__proto__/],
  ])('%s is refused', async (_, body, sentence) => {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    const { detail, errors } = await refused(
      PLAN,
      { method: 'POST', body: body as string, headers },
      400,
    )
    expect(detail).toMatch(sentence)
    expect(errors).toEqual([{ pointer: '', detail: expect.stringMatching(sentence) }])
  })

  it.each<[unknown, string, RegExp]>([
    [{ ...PHOTO, key: 1 }, '/key', /a text/],
    [{ ...PHOTO, key: '' }, '/key', /at least 1 character/],
    [{ size: 1 }, '/key', /must be given: a text/],
    [{ ...PHOTO, size: 1.5 }, '/size', /whole number/],
    [{ ...PHOTO, size: -1 }, '/size', /at least 0/],
    [{ ...PHOTO, size: '3' }, '/size', /a number|whole number/],
    [{ ...PHOTO, sizee: 3 }, '/sizee', /not a field/],
    [{ ...PHOTO, method: 'post' }, '/method', /one of "put", "form"/],
    [{ ...PHOTO, contentType: 'a\r\nx: y' }, '/contentType', /printable ASCII/],
    [{ ...PHOTO, metadata: { 'a/b~c': 1 } }, '/metadata/a~1b~0c', /a text/],
    [{ ...PHOTO, checksum: { algorithm: 'md4', value: 'AAAA' } }, '/checksum/algorithm', /"md5"/],
    [[PHOTO], '', /an object/],
    [null, '', /an object/],
    ['text', '', /an object/],
  ])('%j is pointed at %s', async (json, pointer, detail) => {
    const { errors } = await refused(PLAN, { json }, 400)
    expect(errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) })
  })

  it('tells all that is wrong with it, and repeats no value', async () => {
    const { errors, detail } = await refused(
      PLAN,
      { json: { key: 7_654_321, size: 'mine', x: 1 } },
      400,
    )
    expect(errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/key', '/size', '/x'])
    expect(detail).not.toMatch(/7654321|mine/)
  })

  it('may be left out where all its fields may', async () => {
    const { status } = await api.send('/v1/app/uploads/nothing/complete', { method: 'POST' })
    expect(status).toBe(403)
  })
})

describe('a query', () => {
  it.each<[string, string, RegExp]>([
    ['', '?key', /must be given/],
    ['key=', '?key', /at least 1/],
    ['key=a&key=b', '?key', /twice/],
    ['key=a&kee=b', '?kee', /not a field/],
    ['key=%ff', '?', /UTF-8/],
    ['key=%zz', '?', /UTF-8/],
    ['key=a&expiresInSeconds=1e3', '?expiresInSeconds', /number/],
    ['key=a&expiresInSeconds=0', '?expiresInSeconds', /at least|more/],
    ['key=a&verify=1', '?verify', /true or false/],
    [`key=${'a'.repeat(1025)}`, '?key', /at most 1024/],
  ])('"%s" is pointed at %s', async (query, pointer, detail) => {
    const { errors } = await refused(`/v1/app/download?${query}`, {}, 400)
    expect(errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) })
  })

  it('reads a key as it was encoded', async () => {
    const key = 'a b/ü&=+?#%/😀.txt'
    const answer = await api.send(`/v1/app/download?key=${encodeURIComponent(key)}`)
    expect(answer.status).toBe(307)
    const { pathname } = new URL(answer.headers.get('location')!)
    expect(decodeURIComponent(pathname)).toBe(`/${key}`)
  })
})

describe('pages', () => {
  const ask = (origin: string): Sent => ({
    method: 'OPTIONS',
    as: null,
    headers: { origin, 'access-control-request-method': 'POST' },
  })

  it.each(['https://app.example.com', 'https://a.example.org', 'https://a.b.example.org'])(
    'of %s may call',
    async (origin) => {
      const preflight = await api.send(PLAN, ask(origin))
      expect(preflight.status).toBe(204)
      const told = Object.fromEntries(preflight.headers)
      expect(told['access-control-allow-origin']).toBe(origin)
      expect(told['access-control-allow-headers']).toContain('authorization')
      expect(told['access-control-max-age']).toBe('3600')
      expect(told['vary']).toBe('Origin')
      const answer = await api.send(PLAN, { as: null, json: PHOTO, headers: { origin } })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('access-control-expose-headers')).toContain('location')
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    },
  )

  it.each(['/healthz', '/capabilities', '/openapi.json'])('may read %s', async (path) => {
    const headers = { origin: 'https://app.example.com' }
    const answer = await api.send(path, { as: null, headers })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(headers.origin)
    expect(answer.headers.get('content-type')).toBe('application/json')
  })

  it.each([
    'https://example.org',
    'http://a.example.org',
    'https://a.example.org.evil.net',
    'https://evil.net#.example.org',
    'https://evil.net/.example.org',
    'https://app.example.com:8443',
    'null',
  ])('of %s may not', async (origin) => {
    const preflight = await api.send(PLAN, ask(origin))
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    const answer = await api.send(PLAN, { json: PHOTO, headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('vary')).toBe('Origin')
  })
})

describe('ids and the description', () => {
  it('keeps a fit request id, and no other', async () => {
    const id = 'client-report-0042'
    const [kept, unfit] = [
      await api.send(PLAN, { json: PHOTO, headers: { 'x-request-id': id } }),
      await api.send(PLAN, { json: PHOTO, headers: { 'x-request-id': 'a b' } }),
    ]
    expect(kept.headers.get('x-request-id')).toBe(id)
    expect(unfit.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('serves its own description', async () => {
    const answer = await api.send('/openapi.json', { as: null })
    const document = (await answer.json()) as { openapi: string; paths: Record<string, object> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toContain('/v1/{workspace}/uploads/{id}/complete')
  })
})
