// What client apps come for, from the first request to the last, over HTTP against each provider's server:
// uploads follow their plans with nothing but `fetch`, and downloads give the same bytes back.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type {
  BatchPlan,
  CompletedObject,
  Download,
  ObjectDescription,
  ObjectList,
  PartRequest,
  Problem,
  SignedRequest,
  UploadPlan,
  UploadState,
  WorkspaceStats,
  WorkspaceStatus,
} from '#shared/client/protocol.ts'
import { curl, curlUpload } from './curl.ts'
import { checkDescribed } from './described.ts'
import type { RunningApi } from './running-api.ts'
import { everyStore, startApi } from './running-api.ts'

const MiB = 2 ** 20
/** Megabytes go through servers of this machine, which has others to serve. */
const TIMEOUT_MS = 60_000
const KEY = 'photos/ü b&c=1+2.jpg'

const made = await everyStore(inject('servers'))
let api: RunningApi
beforeAll(async () => {
  const own = Object.keys(made.stores).map((name) => [name, { primary: name }] as const)
  const written = {
    stores: made.stores,
    workspaces: {
      ...Object.fromEntries(own),
      all: { primary: 's3', replicas: ['gcs', 'azure', 'folder'] },
      ruled: {
        primary: 's3',
        uploads: { types: ['image/*'], maxSize: 100, keys: ['photos/**'], onlyIfAbsent: true },
      },
    },
  }
  // Nobody works through it: what is told of copies is told before there are any.
  api = await startApi(written, { queue: { send: async () => undefined } })
})
afterAll(async () => {
  await api.close()
  await made.remove()
})

async function ask<T>(path: string, json?: unknown, status = 200): Promise<T> {
  const answer = await api.send(path, json === undefined ? {} : { json })
  const text = await answer.text()
  expect({ status: answer.status, text }).toMatchObject({ status })
  const told: unknown = JSON.parse(text)
  checkDescribed(json === undefined ? 'GET' : 'POST', path, status, told)
  return told as T
}

/** As any client would: `fetch` sets the length itself. */
async function follow(
  { url, method, headers }: SignedRequest,
  body?: Uint8Array,
): Promise<Response> {
  const answer = await fetch(url, { method, headers, ...(body && { body: body as BodyInit }) })
  if (!answer.ok) throw new Error(`${method} answered ${answer.status}: ${await answer.text()}`)
  return answer
}

async function upload(workspace: string, key: string, bytes: Uint8Array): Promise<CompletedObject> {
  const request = { key, size: bytes.length, contentType: 'image/jpeg', method: 'put' }
  const plan = await ask<UploadPlan>(`/v1/${workspace}/uploads`, request)
  await follow(plan.request!, bytes)
  return ask(`/v1/${workspace}/uploads/${plan.id}/complete`, {})
}

async function download(workspace: string, key: string): Promise<Uint8Array> {
  const { request } = await ask<Download>(`/v1/${workspace}/downloads`, { key })
  return new Uint8Array(await (await follow(request)).arrayBuffer())
}

const STORES = ['s3', 'gcs', 'azure', 'folder']

describe.each(STORES)('at %s', { timeout: TIMEOUT_MS }, (store) => {
  it.each([0, 3, 70_000])('%i bytes go up, are accepted once, and come down', async (size) => {
    const bytes = randomBytes(size)
    const key = `${size}/${KEY}`
    const request = { key, size, contentType: 'image/jpeg', metadata: { owner: 'ann' } }
    const plan = await ask<UploadPlan>(`/v1/${store}/uploads`, request)
    expect(plan).toMatchObject({ key, store, method: 'put' })
    expect(plan.enforced.overwrite).toBe('open')
    await follow(plan.request!, bytes)

    const path = `/v1/${store}/uploads/${plan.id}`
    const accepted = await ask<CompletedObject>(`${path}/complete`, {})
    expect(accepted).toMatchObject({ key, store, size, contentType: 'image/jpeg' })
    expect(await ask(`${path}/complete`, {})).toEqual(accepted)
    expect(await ask<UploadState>(path)).toMatchObject({ state: 'completed', object: { size } })

    expect(Buffer.from(await download(store, key)).equals(bytes)).toBe(true)
    const where = `key=${encodeURIComponent(key)}`
    const redirecting = `/v1/${store}/download?${where}`
    const got = await api.send(redirecting, { redirect: 'follow' })
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
    const head = await api.send(redirecting, { method: 'HEAD', redirect: 'follow' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)])
    const described = await ask<ObjectDescription>(`/v1/${store}/object?${where}`)
    expect(described).toMatchObject({ key, size, contentType: 'image/jpeg' })
    expect(described.metadata).toEqual({ owner: 'ann' })
    expect(described.stores).toMatchObject([{ store, role: 'primary', state: 'present', size }])
  })

  it('bytes that are not what was promised are refused, and are not there', async () => {
    const key = `false/${store}.txt`
    const request = { key, size: 5, contentType: 'text/plain', method: 'put' }
    const plan = await ask<UploadPlan>(`/v1/${store}/uploads`, request)
    const { url, headers } = plan.request!
    const { ok } = await fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'content-length': '7' },
      body: '1234567',
    })
    expect(ok).toBe(plan.enforced.size === 'verified')
    const answer = await api.send(`/v1/${store}/uploads/${plan.id}/complete`, { json: {} })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect((await api.send(`/v1/${store}/object?key=${key}`)).status).toBe(404)
  })

  it('an object is listed, copied and deleted', async () => {
    const bytes = randomBytes(11)
    await upload(store, 'life/one', bytes)
    await ask(`/v1/${store}/objects/copy`, { from: 'life/one', to: 'life/two' })
    const taken = { from: 'life/one', to: 'life/two', ifAbsent: true }
    await ask<Problem>(`/v1/${store}/objects/copy`, taken, 409)
    const listed = await ask<ObjectList>(`/v1/${store}/objects?prefix=life/&limit=10`)
    expect(listed.objects.map(({ key, size }) => [key, size])).toEqual([
      ['life/one', 11],
      ['life/two', 11],
    ])
    const gone = await api.send(`/v1/${store}/object?key=life/one`, { method: 'DELETE' })
    expect(await gone.json()).toEqual({ key: 'life/one', stores: [{ store, deleted: true }] })
    expect((await api.send(`/v1/${store}/object?key=life/one`)).status).toBe(404)
    expect(Buffer.from(await download(store, 'life/two')).equals(bytes)).toBe(true)
  })

  it('its health and counts are told', async () => {
    const status = await ask<WorkspaceStatus>(`/v1/${store}/status`)
    expect(status).toMatchObject({ state: 'healthy', stores: [{ store, state: 'up' }] })
    await upload(store, 'counted/a', randomBytes(5))
    const stats = await ask<WorkspaceStats>(`/v1/${store}/stats?prefix=counted/`)
    expect(stats.stores).toMatchObject([{ store, objects: 1, bytes: 5, complete: true }])
  })

  it('a file in parts is resumed in the middle', async () => {
    const bytes = randomBytes(12 * MiB)
    const request = {
      key: 'parts/film',
      size: bytes.length,
      contentType: 'video/mp4',
      method: 'parts',
    }
    const plan = await ask<UploadPlan>(`/v1/${store}/uploads`, request)
    const send = (part: PartRequest) =>
      follow(part, bytes.subarray(part.offset, part.offset + part.size))
    await send(plan.parts!.requests[0]!)

    const path = `/v1/${store}/uploads/${plan.id}`
    const state = await ask<UploadState>(path)
    expect(state.parts?.arrived.map(({ partNumber }) => partNumber)).toEqual([1])
    const early = await api.send(`${path}/complete`, { json: {} })
    expect(early.status).toBeGreaterThanOrEqual(400)
    expect(early.status).toBeLessThan(500)

    const rest = await ask<{ id: string; parts: { requests: PartRequest[] } }>(`${path}/parts`, {})
    expect(rest.parts.requests.map(({ partNumber }) => partNumber)).not.toContain(1)
    for (const part of rest.parts.requests) await send(part)
    const accepted = await ask<CompletedObject>(`${path}/complete`, {})
    expect(accepted.size).toBe(bytes.length)
    expect(Buffer.from(await download(store, 'parts/film')).equals(bytes)).toBe(true)
  })
})

describe('uploads of curl', () => {
  const put = (store: string, bytes: Uint8Array, key: string, ...more: string[]) => {
    const url = `${api.url}/v1/${store}/upload?key=${encodeURIComponent(key)}`
    return curlUpload(bytes, ['-H', `Authorization: Bearer ${api.tokens['owner']}`, ...more, url])
  }

  describe.each(['s3', 'gcs', 'folder'])('to %s', { timeout: TIMEOUT_MS }, (store) => {
    it.each([0, 5, 3 * MiB])('%i bytes follow the redirect', async (size) => {
      const bytes = randomBytes(size)
      const key = `curl/${size} ü.bin`
      const { status, trace } = await put(store, bytes, key, '-H', 'Content-Type: image/png')
      expect({ status, trace }).toMatchObject({ status: 200 })
      // The body of a large file was never asked for here.
      const [first] = /^< HTTP\/1.1 (\d+)/m.exec(trace)?.slice(1) ?? []
      expect(first).toBe('307')
      expect(Buffer.from(await download(store, key)).equals(bytes)).toBe(true)
      const path = `/v1/${store}/object?key=${encodeURIComponent(key)}`
      expect((await ask<ObjectDescription>(path)).contentType).toBe('image/png')
    })
  })

  it('to Azure are refused with what to do instead, since it wants a header of its own', async () => {
    const { status, body } = await put('azure', Buffer.from('abc'), 'curl/a')
    expect(status).toBe(422)
    expect((JSON.parse(body) as Problem).detail).toMatch(/POST uploads/)
  })

  it('of unknown length are told to say it', async () => {
    const url = `${api.url}/v1/s3/upload?key=a`
    const auth = `Authorization: Bearer ${api.tokens['owner']}`
    const { status, body } = await curl(['-LT', '-', '-H', auth, url])
    expect([status, (JSON.parse(body) as Problem).detail]).toEqual([
      411,
      expect.stringContaining('Content-Length'),
    ])
  })

  it('without a token send nothing anywhere', async () => {
    const { status } = await curlUpload(Buffer.from('abc'), [`${api.url}/v1/s3/upload?key=a`])
    expect(status).toBe(401)
  })
})

describe('batches', () => {
  it('hold plans and refusals side by side', async () => {
    const uploads = [
      { key: 'photos/1', size: 1, contentType: 'image/png' },
      { key: 'photos/2', size: 1, contentType: 'text/plain' },
      { key: 'other/3', size: 1, contentType: 'image/png' },
    ]
    const { uploads: answers } = await ask<BatchPlan>('/v1/ruled/uploads/batch', { uploads })
    expect(answers).toMatchObject([
      { plan: { key: 'photos/1', store: 's3' } },
      { problem: { status: 403, rule: 'types', key: 'photos/2' } },
      { problem: { status: 403, rule: 'keys', key: 'other/3' } },
    ])
    const [first] = answers
    await follow((first as { plan: UploadPlan }).plan.request!, new Uint8Array([1]))
  })

  it('hold a thousand and no more', async () => {
    const uploads = Array.from({ length: 1000 }, (_, i) => ({ key: `many/${i}`, size: 1 }))
    const { uploads: plans } = await ask<BatchPlan>('/v1/s3/uploads/batch', { uploads })
    expect(plans.filter((one) => 'plan' in one)).toHaveLength(1000)
    const more = { uploads: [...uploads, { key: 'many/x', size: 1 }] }
    const { errors } = await ask<Problem>('/v1/s3/uploads/batch', more, 400)
    expect(errors).toEqual([{ pointer: '/uploads', detail: 'must be at most 1000 long' }])
    const { errors: inside } = await ask<Problem>(
      '/v1/s3/uploads/batch',
      { uploads: [uploads[0], { key: 'b', sise: 1 }] },
      400,
    )
    expect(inside).toEqual([
      { pointer: '/uploads/1/sise', detail: 'is not a field of this request' },
    ])
  })
})

describe('rules', () => {
  it.each([
    [{ key: 'photos/a', size: 101, contentType: 'image/png' }, 413, 'size'],
    [{ key: 'photos/a', size: 1, contentType: 'text/html' }, 403, 'types'],
    [{ key: 'a', size: 1, contentType: 'image/png' }, 403, 'keys'],
    [
      { key: 'photos/a', size: 1, contentType: 'image/png', metadata: { skein_a: 'x' } },
      403,
      'metadata',
    ],
    [
      { key: 'photos/a', size: 1, contentType: 'image/png', expiresInSeconds: 999_999 },
      403,
      'expiry',
    ],
  ])('%j is refused by the rule that is named', async (request, status, rule) => {
    const told = await ask<Problem>('/v1/ruled/uploads', request, status)
    expect(told.rule).toBe(rule)
  })

  it('hold for copies as for uploads', async () => {
    await upload('s3', 'photos/from', randomBytes(3))
    await upload('s3', 'photos/taken', randomBytes(3))
    const outside = { from: 'photos/from', to: 'elsewhere/a' }
    expect(await ask<Problem>('/v1/ruled/objects/copy', outside, 403)).toMatchObject({
      rule: 'keys',
    })
    await ask('/v1/ruled/objects/copy', { from: 'photos/from', to: 'photos/taken' }, 409)
    await ask('/v1/ruled/objects/copy', { from: 'photos/from', to: 'photos/free' })
  })
})

describe('ids', () => {
  it('of another workspace, forged or cut short, open nothing', async () => {
    const plan = await ask<UploadPlan>('/v1/s3/uploads', { key: 'ids/a', size: 1 })
    const [key = '', payload = '', proof = ''] = plan.id.split('.')
    const altered = `${payload.slice(0, -2)}${payload.endsWith('A') ? 'B' : 'A'}A`
    const ids = [
      `${key}.${altered}.${proof}`,
      plan.id.slice(0, -1),
      `${key}.${payload}`,
      'x',
      '..',
      '%00',
    ]
    for (const id of ids) {
      expect([403, 404]).toContain((await api.send(`/v1/s3/uploads/${id}`)).status)
      expect([403, 404]).toContain(
        (await api.send(`/v1/s3/uploads/${id}/complete`, { json: {} })).status,
      )
    }
    for (const workspace of ['gcs', 'ruled', 'all']) {
      const path = `/v1/${workspace}/uploads/${plan.id}`
      expect((await api.send(`${path}/complete`, { json: {} })).status).toBe(403)
      expect((await api.send(path, { method: 'DELETE' })).status).toBe(403)
    }
  })

  it('are given up, and then say so', async () => {
    const request = { key: 'ids/film', size: 12 * MiB, method: 'parts' }
    const plan = await ask<UploadPlan>('/v1/s3/uploads', request)
    const open = await ask<{ uploads: { key: string }[] }>('/v1/s3/uploads?prefix=ids/')
    expect(open.uploads.map(({ key }) => key)).toEqual(['ids/film'])
    const path = `/v1/s3/uploads/${plan.id}`
    expect((await api.send(path, { method: 'DELETE' })).status).toBe(204)
    expect(await ask<UploadState>(path)).toMatchObject({ state: 'gone' })
    expect(await ask('/v1/s3/uploads?prefix=ids/')).toMatchObject({ uploads: [] })
  })
})

describe('a workspace of four stores', () => {
  it('says of each what it holds, and downloads from the one that is named', async () => {
    const bytes = randomBytes(9)
    await upload('all', 'four/a', bytes)
    const { stores } = await ask<ObjectDescription>('/v1/all/object?key=four/a')
    expect(stores.map(({ store, state }) => [store, state])).toEqual([
      ['s3', 'present'],
      ['gcs', 'absent'],
      ['azure', 'absent'],
      ['folder', 'absent'],
    ])
    const from = await ask<Download>('/v1/all/downloads', { key: 'four/a', from: 'gcs' })
    expect([from.store, from.maybeStale]).toEqual(['gcs', true])
    const list = await ask<ObjectList>('/v1/all/objects?prefix=four/&stores=all')
    expect(list.objects[0]?.stores).toHaveLength(4)
    await ask<Problem>('/v1/all/downloads', { key: 'four/a', from: 'nowhere' }, 400)
  })
})

it('no line that was logged holds a key, a signature, an id or a secret', () => {
  expect(api.lines.length).toBeGreaterThan(10)
  const text = api.lines.join('\n')
  expect(text).not.toMatch(/signature|sig=|X-Amz|X-Goog|photos\/|Bearer|skein_/i)
  for (const token of Object.values(api.tokens)) expect(text).not.toContain(token)
  for (const line of api.lines) expect(() => JSON.parse(line) as unknown).not.toThrow()
})
