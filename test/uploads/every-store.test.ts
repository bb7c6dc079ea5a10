// Uploads to every provider, following nothing but the plan: sizes around what decides the method, a resume in
// the middle, forms, and completion that tells what is there.

import { afterAll, describe, expect, inject, it } from 'vitest'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { expectOk, follow, sendPart, sendParts, upload } from './follow.ts'
import { describeStores } from './stores.ts'
import type { Opener } from './workspace.ts'
import { TRANSFER, everybody, openerOf } from './workspace.ts'

const TIMEOUT = 60_000
const MiB = 1024 * 1024
const PNG = 'image/png'

const stores = await describeStores(inject('servers'))
afterAll(() => stores.close())

for (const { name, reason } of stores.missing)
  it.skip(`uploads to ${name} (${reason})`, () => undefined)
for (const description of stores.described) {
  const { harness, open } = openerOf(description)
  describe(`uploads to ${description.name}`, { timeout: TIMEOUT }, () => {
    defineSizes(open)
    definePartsOfUnknownSize(open)
    if (harness.capabilities.presign!.enforces.includes('size')) defineRedirect(open)
    else defineNoRedirect(open)
    if (harness.capabilities.presign!.actions.includes('form')) defineForms(open)
  })
}

function defineSizes(open: Opener): void {
  const threshold = TRANSFER.multipartThresholdBytes
  it.each([
    ['nothing', 0],
    ['a few bytes', 1_234],
    ['exactly what one request takes', threshold],
    ['one byte more', threshold + 1],
  ])('%s', async (_, size) => {
    const { uploads, store, reserved, accepted } = open()
    const bytes = bytesOf(size, 3)
    const key = 'some where/a+b ü.png'
    const asked = { key, size, contentType: PNG, metadata: { color: 'réd' } }
    const plan = await uploads.plan(everybody, asked)
    expect(plan.method === 'put').toBe(size <= threshold)
    const id = await upload(uploads, plan, bytes)
    const unseen = plan.staged || plan.method === 'parts'
    expect((await store.find(key)) === undefined).toBe(unseen)
    const object = await uploads.complete(everybody, id, {})
    const { info, body } = await store.get(key)
    sameBytes(await readAll(body), bytes)
    expect(info).toMatchObject({ size, contentType: PNG, metadata: { color: 'réd' } })
    expect(object).toMatchObject({
      key,
      store: store.name,
      size,
      etag: info.etag,
      contentType: PNG,
    })
    expect(accepted).toEqual([object])
    expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
    expect(await uploads.complete(everybody, id, {})).toEqual(object)
    expect(await uploads.state(everybody, id)).toMatchObject({ state: 'completed', object })
    expect(accepted).toHaveLength(1)
  })

  it('goes on in the middle with an id alone, and only where it has to', async () => {
    const { uploads, store } = open()
    const bytes = bytesOf(12 * MiB, 4)
    const asked = { key: 'resumed', size: bytes.length, method: 'parts' } as const
    const plan = await uploads.plan(everybody, asked)
    const [, second] = plan.parts!.requests
    await expectOk(await sendPart(second!, bytes))
    const state = await uploads.state(everybody, plan.id)
    expect(state).toMatchObject({ state: 'open', parts: { count: 3 } })
    expect(state.parts!.arrived.map(({ partNumber }) => partNumber)).toEqual([2])
    const rest = await uploads.parts(everybody, plan.id, {})
    expect(rest.parts.requests.map(({ partNumber }) => partNumber)).toEqual([1, 3])
    await expect(uploads.complete(everybody, plan.id, {})).rejects.toThrow(/part 1, 3 of 3/)
    await sendParts(uploads, plan.id, bytes)
    await uploads.complete(everybody, plan.id, {})
    sameBytes(await readAll((await store.get('resumed')).body), bytes)
  })

  it('fails where the key is taken, when it must be free', async () => {
    const { uploads, store } = open()
    for (const size of [10, threshold + 1]) {
      const key = `taken-${size}`
      const plan = await uploads.plan(everybody, { key, size, ifAbsent: true })
      expect(plan.enforced.overwrite).not.toBe('open')
      const { etag } = await store.put(key, 'first')
      const bytes = bytesOf(size)
      const sent = async () => {
        const id = await upload(uploads, plan, bytes)
        return uploads.complete(everybody, id, {})
      }
      await expect(sent()).rejects.toThrow(/the store answered 4\d\d|is taken|was to be created/)
      expect((await store.head(key)).etag).toBe(etag)
    }
  })

  it('a batch signs single requests, and begins parts with their first call', async () => {
    const { uploads, store } = open()
    const bytes = bytesOf(threshold + 1, 5)
    const items = await uploads.batch(everybody, [
      { key: 'one', size: 3 },
      { key: '../no', size: 3 },
      { key: 'large', size: bytes.length, method: 'parts' },
    ])
    const [one, no, large] = items
    expect(no).toMatchObject({ error: { kind: 'invalid', key: '../no' } })
    if (!one || !large || !('plan' in one) || !('plan' in large)) throw new Error('two are planned')
    expect(await uploads.state(everybody, large.plan.id)).toMatchObject({ state: 'unbegun' })
    await uploads.complete(everybody, await upload(uploads, one.plan, bytesOf(3)), {})
    await uploads.complete(everybody, await upload(uploads, large.plan, bytes), {})
    sameBytes(await readAll((await store.get('large')).body), bytes)
    expect((await store.head('one')).size).toBe(3)
  })

  it('what is aborted is gone, and is not accepted any more', async () => {
    const { uploads, store, reserved } = open()
    for (const method of ['put', 'parts'] as const) {
      const plan = await uploads.plan(everybody, { key: method, size: 9, method })
      const id = await upload(uploads, plan, bytesOf(9))
      await uploads.abort(everybody, id)
      expect(await uploads.state(everybody, id)).toMatchObject({ state: 'gone' })
      await expect(uploads.complete(everybody, id, {})).rejects.toMatchObject({ kind: 'not-found' })
      expect(await store.find(method)).toBeUndefined()
      expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
    }
  })

  it('what arrives without a word of the client is completed by the event of its arrival', async () => {
    const { uploads, store, reserved, accepted } = open()
    const plan = await uploads.plan(everybody, { key: 'silent', size: 9, contentType: PNG })
    await expectOk(await follow(plan, bytesOf(9)))
    const staged = (await reserved.list({ prefix: '.skein/staging/' })).objects
    const key = plan.staged ? staged[0]!.key : 'silent'
    const arrival = await uploads.arrived(store.name, key)
    expect(arrival).toMatchObject({ became: 'completed', object: { key: 'silent', size: 9 } })
    expect(await uploads.complete(everybody, plan.id, {})).toEqual(accepted[0])
    expect(accepted).toHaveLength(1)
  })
}

function definePartsOfUnknownSize(open: Opener): void {
  it('takes parts that the sender cuts', async () => {
    const rules = { maxBytes: 12 * MiB }
    const { uploads, store } = open({ rules })
    const bytes = bytesOf(6 * MiB, 6)
    const plan = await uploads.plan(everybody, { key: 'cut', method: 'parts' })
    const pieces = [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB)]
    const { parts } = await uploads.parts(everybody, plan.id, { partNumbers: [1, 2] })
    for (const [i, part] of parts.requests.entries()) {
      await expectOk(
        await fetch(part.url, { method: 'PUT', headers: part.headers, body: pieces[i]! }),
      )
    }
    await uploads.complete(everybody, plan.id, {})
    sameBytes(await readAll((await store.get('cut')).body), bytes)
  })
}

function defineForms(open: Opener): void {
  it.each([
    ['of a known size', 1_000],
    ['of any size', undefined],
  ])('takes a form for a file %s', async (_, size) => {
    const { uploads, store } = open({ rules: { maxBytes: 2_000 } })
    const asked = { key: 'form ü', size, contentType: PNG, method: 'form' as const }
    const plan = await uploads.plan(everybody, asked)
    expect(plan.staged).toBe(size === undefined)
    const bytes = bytesOf(1_000, 7)
    await expectOk(await follow(plan, bytes))
    await uploads.complete(everybody, plan.id, {})
    const { info, body } = await store.get('form ü')
    sameBytes(await readAll(body), bytes)
    expect(info.contentType).toBe(PNG)
  })
}

function defineRedirect(open: Opener): void {
  it('signs a PUT for whoever follows a redirect with length and type alone', async () => {
    const { uploads, store } = open()
    const asked = { key: 'r', size: 9, contentType: PNG }
    const { id, request } = await uploads.plan(everybody, asked, { bare: true })
    const send = (body: Uint8Array<ArrayBuffer>, type: string) =>
      fetch(request!.url, { method: 'PUT', body, headers: { 'content-type': type } })
    expect((await send(bytesOf(10), PNG)).status).toBeGreaterThanOrEqual(400)
    expect((await send(bytesOf(9), 'text/html')).status).toBeGreaterThanOrEqual(400)
    expect(await store.find('r')).toBeUndefined()
    await expectOk(await send(bytesOf(9), PNG))
    expect(await uploads.complete(everybody, id, {})).toMatchObject({ key: 'r', size: 9 })
  })
}

function defineNoRedirect(open: Opener): void {
  it('does not redirect: Azure wants `x-ms-blob-type`, which nobody sends again', async () => {
    const { uploads } = open()
    const planned = uploads.plan(everybody, { key: 'r', size: 9, contentType: PNG }, { bare: true })
    await expect(planned).rejects.toMatchObject({ kind: 'unsupported' })
  })
}
