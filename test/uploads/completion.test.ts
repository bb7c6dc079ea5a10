// Completion under trouble: answers that are lost, two that complete at once, URLs that are used again, bytes
// that change between two looks, and workspaces that stage everything.

import { afterAll, describe, expect, inject, it } from 'vitest'
import type { CompletedObject } from '#shared/client/protocol.ts'
import { bytesOf, checksumOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { Fault } from '../suites/storage/control.ts'
import { expectOk, follow, sendParts, upload } from './follow.ts'
import { describeStores } from './stores.ts'
import type { Opener, Wanted } from './workspace.ts'
import { TRANSFER, everybody, openerOf } from './workspace.ts'

const MiB = 1024 * 1024
const LARGE = TRANSFER.multipartThresholdBytes + 1

const stores = await describeStores(inject('servers'))
afterAll(() => stores.close())

for (const description of stores.described) {
  const { harness, open } = openerOf(description)
  describe(`completion in ${description.name}`, { timeout: 60_000 }, () => {
    defineConcurrency(open)
    defineReplay(open)
    defineStaging(open)
    defineTold(open)
    const [, storageClass] = harness.capabilities.classes
    if (storageClass !== undefined) defineClass(open, storageClass)
    if (description.control) {
      defineLostAnswers(open, harness.capabilities.multipart!.create)
      if (harness.capabilities.put.create) defineLostPromotion(open)
    }
  })
}

/** What of an answer is the same even where the store has no conditional writes to agree by. */
function agreedIn({ completedAt: _at, version: _version, ...agreed }: CompletedObject) {
  return agreed
}

/** Without conditional writes nobody can say which of two came first. */
const EITHER = 'either'

function defineConcurrency(open: Opener): void {
  it.each([
    ['a PUT', { size: 9 }],
    ['parts', { size: 9, method: 'parts' as const }],
    ['a staged PUT', { size: 9 }, { rules: { staging: 'always' as const } }],
    [
      'staged parts',
      { size: 9, method: 'parts' as const },
      { rules: { staging: 'always' as const } },
    ],
  ])('five at once give one answer for %s', async (_, asked, wanted: Wanted = {}) => {
    const { uploads, store, reserved, accepted } = open(wanted)
    const plan = await uploads.plan(everybody, { key: 'k', ...asked })
    const id = await upload(uploads, plan, bytesOf(9))
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => uploads.complete(everybody, id, {})),
    )
    const [first] = answers
    const { etag } = await store.head('k')
    expect(first).toMatchObject({ key: 'k', size: 9 })
    // Without conditional writes the same bytes may be put there, and recorded, more than once.
    const { put, copy } = store.capabilities
    const told = put.create ? (object: CompletedObject) => object : agreedIn
    expect(answers.map(told)).toEqual(answers.map(() => told(first!)))
    expect(accepted).toHaveLength(put.create ? 1 : accepted.length)
    expect(copy?.create ? first!.etag : etag).toBe(etag)
    expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
  })

  it.each([
    ['a PUT', {}],
    ['a staged PUT', { rules: { staging: 'always' as const } }],
  ])(
    'of an abort and a completion of %s one wins, and what is there says which',
    async (_, wanted) => {
      const { uploads, store, reserved, accepted } = open(wanted)
      const plan = await uploads.plan(everybody, { key: 'k', size: 9 })
      await expectOk(await follow(plan, bytesOf(9)))
      const [completed] = await Promise.allSettled([
        uploads.complete(everybody, plan.id, {}),
        uploads.abort(everybody, plan.id),
      ])
      const { state } = await uploads.state(everybody, plan.id)
      const there = (await store.find('k')) !== undefined
      const sure = store.capabilities.put.create
      const seen = {
        completed: completed.status === 'fulfilled',
        there,
        accepted: accepted.length > 0,
      }
      const won = state === 'completed'
      expect(sure ? seen : EITHER).toEqual(
        sure ? { completed: won, there: won, accepted: won } : EITHER,
      )
      expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
    },
  )

  it('five at once refuse alike, and set aside once', async () => {
    const { uploads, reserved } = open()
    const checksum = checksumOf('crc32c', bytesOf(9, 1))
    const plan = await uploads.plan(everybody, { key: 'k', size: 9, method: 'parts', checksum })
    const id = await upload(uploads, plan, bytesOf(9, 2))
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        uploads.complete(everybody, id, {}).catch((e: unknown) => e as { kind: string }),
      ),
    )
    for (const { kind } of answers as { kind: string }[]) {
      expect(['corrupt', 'not-found']).toContain(kind)
    }
    expect(answers).toContainEqual(expect.objectContaining({ kind: 'corrupt' }))
    const aside = await reserved.list({ prefix: '.skein/quarantine/' })
    expect(aside.objects.length).toBeGreaterThan(0)
    expect(await reserved.find('k')).toBeUndefined()
  })
}

function defineReplay(open: Opener): void {
  it('a URL that is used again writes a version that nobody verified', async () => {
    const { uploads, store, accepted } = open()
    const plan = await uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9, 1)))
    const object = await uploads.complete(everybody, plan.id, {})
    await expectOk(await follow(plan, bytesOf(9, 2)))
    expect(await uploads.complete(everybody, plan.id, {})).toEqual(object)
    if (plan.staged) {
      // It is not even seen: what the key holds is what was accepted.
      sameBytes(await readAll((await store.get('k')).body), bytesOf(9, 1))
      return
    }
    const arrival = await uploads.arrived(store.name, 'k')
    expect(arrival).toMatchObject({
      became: 'ignored',
      reason: expect.stringContaining('not verified'),
    })
    expect(accepted).toHaveLength(1)
  })

  it('an object of somebody else’s is neither completed nor touched', async () => {
    const { uploads, store } = open()
    const plan = await uploads.plan(everybody, { key: 'k', size: 5 })
    const { etag } = await store.put('k', 'other')
    const completed = uploads.complete(everybody, plan.id, {})
    await expect(completed).rejects.toMatchObject({ kind: 'not-found' })
    expect(await uploads.arrived(store.name, 'k')).toMatchObject({ became: 'ignored' })
    expect(await uploads.arrived('elsewhere', 'k')).toMatchObject({ became: 'ignored' })
    expect((await store.head('k')).etag).toBe(etag)
  })

  it('an arrival at a staging key is told the same again, when nothing lies there any more', async () => {
    const wanted = { rules: { staging: 'always' as const } }
    const { uploads, store, reserved, place, accepted } = open(wanted)
    const plan = await uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9)))
    const [staged] = (await reserved.list({ prefix: '.skein/staging/' })).objects
    const first = await uploads.arrived(store.name, staged!.key)
    expect(first).toMatchObject({ became: 'completed', object: { key: 'k', size: 9 } })
    expect(await uploads.arrived(store.name, staged!.key)).toEqual(first)
    expect(accepted).toHaveLength(1)
    const { uploads: others } = open({ ...wanted, place, name: 'neighbour' })
    expect(await others.arrived(store.name, staged!.key)).toMatchObject({ became: 'ignored' })
    const never = '.skein/staging/../uploads/x'
    await expect(uploads.arrived(store.name, never)).rejects.toMatchObject({ kind: 'invalid' })
    const nothing = await uploads.arrived(store.name, '.skein/staging/nothing')
    expect(nothing).toMatchObject({ became: 'ignored' })
  })

  it('an object that was changed by other means, its mark kept, is left alone', async () => {
    const { uploads, store, reserved, place } = open()
    const plan = await uploads.plan(everybody, { key: 'k', size: 9, method: 'parts' })
    await uploads.complete(everybody, await sendParts(uploads, plan.id, bytesOf(9)), {})
    const { metadata } = await reserved.head('k')
    const { etag } = await reserved.put('k', 'longer than it was', { metadata })
    const later = open({ place, ahead: 30 * 86_400_000 })
    for (let cursor: string | undefined = 'records:'; cursor !== undefined;) {
      ;({ cursor } = await later.uploads.sweep({ cursor }))
    }
    expect((await reserved.list({ prefix: '.skein/uploads/' })).objects).toEqual([])
    expect(await later.uploads.arrived(store.name, 'k')).toMatchObject({ became: 'ignored' })
    expect((await store.head('k')).etag).toBe(etag)
  })

  it('a mark that was carried to another key means nothing there', async () => {
    const { uploads, store } = open()
    const plan = await uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9)))
    await uploads.complete(everybody, plan.id, {})
    await store.copy('k', 'carried')
    expect(await uploads.arrived(store.name, 'carried')).toMatchObject({ became: 'ignored' })
  })
}

function defineStaging(open: Opener): void {
  it.each([
    ['small', 9],
    ['large', LARGE],
  ])('where all is staged, a %s one appears with its completion', async (_, size) => {
    const { uploads, store } = open({ rules: { staging: 'always' } })
    const { etag } = await store.put('k', 'the one before')
    const asked = { key: 'k', size, contentType: 'image/png', metadata: { a: 'b' } }
    const plan = await uploads.plan(everybody, asked)
    expect(plan.staged).toBe(true)
    const bytes = bytesOf(size, 5)
    const id = await upload(uploads, plan, bytes)
    expect((await store.head('k')).etag).toBe(etag)
    await uploads.complete(everybody, id, {})
    const { info, body } = await store.get('k')
    sameBytes(await readAll(body), bytes)
    expect(info).toMatchObject({ contentType: 'image/png', metadata: { a: 'b' } })
  })
}

function defineClass(open: Opener, storageClass: string): void {
  it('a class is given where the object comes to rest', async () => {
    const { uploads, store } = open({ rules: { staging: 'always' } })
    const plan = await uploads.plan(everybody, { key: 'k', size: 9, storageClass })
    await expectOk(await follow(plan, bytesOf(9)))
    await uploads.complete(everybody, plan.id, {})
    expect((await store.head('k')).storageClass).toBe(storageClass)
  })
}

function defineTold(open: Opener): void {
  it('parts that the client names otherwise than they arrived are not put together', async () => {
    const { uploads, store } = open()
    const size = 6 * MiB
    const plan = await uploads.plan(everybody, { key: 'k', size, method: 'parts' })
    const id = await sendParts(uploads, plan.id, bytesOf(size))
    const wrong = [
      { partNumber: 1, size: 1 },
      { partNumber: 2, etag: '"0123456789abcdef0123456789abcdef"' },
      { partNumber: 3 },
    ]
    for (const part of wrong) {
      const completed = uploads.complete(everybody, id, { parts: [part] })
      await expect(completed).rejects.toMatchObject({ kind: 'invalid' })
    }
    expect(await store.find('k')).toBeUndefined()
    const { parts } = await uploads.state(everybody, id)
    const told = parts!.arrived.map(({ partNumber, etag, size: bytes }) => {
      return { partNumber, etag: `"${etag}"`, size: bytes }
    })
    expect(await uploads.complete(everybody, id, { parts: told })).toMatchObject({ size })
  })
}

const COMPLETE = /complete/i

function defineLostAnswers(open: Opener, conditional: boolean): void {
  it.each(conditional ? [false, true] : [false])(
    'a Complete whose answer is lost is known again (only creating: %s)',
    async (ifAbsent) => {
      const { uploads, store, control } = open({ options: { retry: { attempts: 1 } } })
      const asked = { key: `lost-${ifAbsent}`, size: LARGE, method: 'parts', ifAbsent } as const
      const plan = await uploads.plan(everybody, asked)
      const bytes = bytesOf(LARGE, 6)
      const id = await sendParts(uploads, plan.id, bytes)
      const before = (await control!.requests()).length
      await control!.fault(...lostComplete())
      const object = await uploads.complete(everybody, id, {}).catch(() => {
        // Lost for this call: the next one finds what the first one did.
        return uploads.complete(everybody, id, {})
      })
      const asks = (await control!.requests()).slice(before)
      expect(asks.some(({ operation }) => COMPLETE.test(operation))).toBe(true)
      await control!.clear()
      expect(object.etag).toBe((await store.head(asked.key)).etag)
      sameBytes(await readAll((await store.get(asked.key)).body), bytes)
    },
  )
}

/** The answer to the copy that promotes, and to the record that accepts, are lost once each. */
function defineLostPromotion(open: Opener): void {
  it.each([false, true])(
    'a promotion whose answers are lost is known again (only creating: %s)',
    async (ifAbsent) => {
      const options = { retry: { attempts: 1 } }
      const { uploads, store, control, accepted, place } = open({
        rules: { staging: 'always' },
        options,
      })
      const plan = await uploads.plan(everybody, { key: 'k', size: 9, ifAbsent })
      await expectOk(await follow(plan, bytesOf(9, 7)))
      const action = { loseAnswer: true } as const
      const keyPrefix = `${place}/.skein/uploads/`
      await control!.fault(
        { operation: 'CopyObject', times: 1, action },
        { operation: 'objects.rewrite', times: 1, action },
        { method: 'PUT', keyPrefix, times: 1, action },
        { operation: 'objects.insert', keyPrefix, times: 1, action },
      )
      let object: CompletedObject | undefined
      const failures: unknown[] = []
      while (!object && failures.length < 4) {
        object = await uploads.complete(everybody, plan.id, {}).catch((error: unknown) => {
          failures.push(error)
          return undefined
        })
      }
      // What is asked again by whoever asked: nothing was decided by a failure.
      expect(failures).toEqual(failures.map(() => expect.objectContaining({ kind: 'unavailable' })))
      await control!.clear()
      expect(object?.etag).toBe((await store.head('k')).etag)
      expect(accepted).toEqual([object])
      sameBytes(await readAll((await store.get('k')).body), bytesOf(9, 7))
    },
  )
}

function lostComplete(): Fault[] {
  const action = { loseAnswer: true } as const
  return [
    { operation: 'CompleteMultipartUpload', times: 1, action },
    { operation: 'multipart.complete', times: 1, action },
  ]
}
