// What nobody ended is ended by the sweep: old parts aborted, staged objects completed or set aside, records
// that are of no use any more deleted, all in bounded steps.

import { afterAll, describe, expect, inject, it } from 'vitest'
import type { SweepStep } from '#shared/uploads/uploads.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { expectOk, follow, upload } from './follow.ts'
import { describeStores } from './stores.ts'
import type { OpenedUploads, Opener } from './workspace.ts'
import { everybody, openerOf } from './workspace.ts'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE

const stores = await describeStores(inject('servers'))
afterAll(() => stores.close())

for (const description of stores.described) {
  const { open } = openerOf(description)
  describe(`a sweep of ${description.name}`, { timeout: 60_000 }, () => {
    defineStaging(open)
    defineRecords(open)
    // Azure's wait at staging keys, and are dropped by Azure itself after a week.
    if (description.name !== 'azure') {
      defineParts(open)
      defineUnfinished(open)
    }
  })
}

/** All of its steps, added up. */
async function sweepAll({ uploads }: OpenedUploads): Promise<Omit<SweepStep, 'cursor'>> {
  const sum = { completed: 0, quarantined: 0, aborted: 0 }
  let cursor: string | undefined
  do {
    const step: SweepStep = await uploads.sweep({ cursor })
    sum.completed += step.completed
    sum.quarantined += step.quarantined
    sum.aborted += step.aborted
    cursor = step.cursor
  } while (cursor !== undefined)
  return sum
}

function defineParts(open: Opener): void {
  it('aborts uploads in parts when they are old, and not before', async () => {
    const now = open()
    const { place } = now
    const asked = { key: 'k', size: 9, method: 'parts' } as const
    const plan = await now.uploads.plan(everybody, asked)
    expect(await sweepAll(open({ place, ahead: 6 * DAY }))).toMatchObject({ aborted: 0 })
    expect(await now.uploads.state(everybody, plan.id)).toMatchObject({ state: 'open' })
    expect(await sweepAll(open({ place, ahead: 8 * DAY }))).toMatchObject({ aborted: 1 })
    expect(await now.uploads.state(everybody, plan.id)).toMatchObject({ state: 'gone' })
  })
}

function defineStaging(open: Opener): void {
  const rules = { staging: 'always' } as const

  it('completes what is staged and good, and sets aside what is not', async () => {
    const now = open({ rules })
    const { place, reserved, store } = now
    const good = await now.uploads.plan(everybody, { key: 'good', size: 9 })
    await expectOk(await follow(good, bytesOf(9)))
    await reserved.put('.skein/staging/unmarked', 'who put me here?')
    expect(await sweepAll(now)).toEqual({ completed: 0, quarantined: 0, aborted: 0 })
    const soon = await sweepAll(open({ rules, place, ahead: 10 * MINUTE }))
    expect(soon).toMatchObject({ completed: 1, quarantined: 0 })
    expect((await store.head('good')).size).toBe(9)
    expect(await now.uploads.complete(everybody, good.id, {})).toMatchObject({ key: 'good' })
    const old = await sweepAll(open({ rules, place, ahead: 8 * DAY }))
    expect(old).toMatchObject({ completed: 0, quarantined: 1 })
    expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
    const [aside] = (await reserved.list({ prefix: '.skein/quarantine/' })).objects
    expect((await reserved.head(aside!.key)).metadata['skein_reason']).toContain('without a mark')
  })

  it('leaves alone what another workspace has staged in the same store', async () => {
    const other = open({ rules, name: 'other' })
    const { place } = other
    const plan = await other.uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9)))
    const swept = await sweepAll(open({ rules, place, ahead: 10 * MINUTE }))
    expect(swept).toMatchObject({ completed: 0, quarantined: 0 })
    expect(await other.uploads.complete(everybody, plan.id, {})).toMatchObject({ key: 'k' })
  })

  it('is not held up by what cannot be completed, and sets it aside when it is old', async () => {
    const odd = open({ rules, options: { capabilities: { classes: ['ODD'] } } })
    const { place, reserved } = odd
    for (const key of ['bad', 'good', 'bad too']) {
      const more = key === 'good' ? {} : { storageClass: 'ODD' }
      const plan = await odd.uploads.plan(everybody, { key, size: 9, ...more })
      await expectOk(await follow(plan, bytesOf(9)))
    }
    const soon = await sweepAll(open({ rules, place, ahead: 10 * MINUTE }))
    expect(soon).toMatchObject({ completed: 1, quarantined: 0 })
    const old = await sweepAll(open({ rules, place, ahead: 8 * DAY }))
    expect(old).toMatchObject({ completed: 0, quarantined: 2 })
    expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
    const [aside] = (await reserved.list({ prefix: '.skein/quarantine/' })).objects
    expect((await reserved.head(aside!.key)).metadata['skein_reason']).toContain('ODD')
  })

  it('sets aside what a URL brought after its upload was accepted', async () => {
    const now = open({ rules })
    const { place, store, reserved } = now
    const plan = await now.uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9, 1)))
    const { etag } = await now.uploads.complete(everybody, plan.id, {})
    await expectOk(await follow(plan, bytesOf(9, 2)))
    const swept = await sweepAll(open({ rules, place, ahead: 10 * MINUTE }))
    expect(swept).toMatchObject({ completed: 0, quarantined: 1 })
    expect((await store.head('k')).etag).toBe(etag)
    expect((await reserved.list({ prefix: '.skein/staging/' })).objects).toEqual([])
  })
}

function defineRecords(open: Opener): void {
  it('deletes records when nobody can ask for them any more', async () => {
    const now = open()
    const { place, reserved } = now
    const plan = await now.uploads.plan(everybody, { key: 'k', size: 9 })
    await now.uploads.complete(everybody, await upload(now.uploads, plan, bytesOf(9)), {})
    const records = async () => (await reserved.list({ prefix: '.skein/uploads/' })).objects.length
    await sweepAll(open({ place, ahead: DAY }))
    expect(await records()).toBe(1)
    await sweepAll(open({ place, ahead: 4 * DAY }))
    expect(await records()).toBe(0)
  })
}

function defineUnfinished(open: Opener): void {
  const ada = { ...everybody, name: 'ada', prefix: 'ada/' }

  it('lists unfinished uploads to those who may name them, to be aborted by their id', async () => {
    const { uploads } = open()
    const keys = ['ada/one', 'ada/two', 'eve/one']
    await Promise.all(keys.map((key) => uploads.plan(everybody, { key, size: 9, method: 'parts' })))
    const all = await uploads.unfinished(everybody, {})
    const own = await uploads.unfinished(ada, { prefix: '' })
    const none = await uploads.unfinished(ada, { prefix: 'eve/' })
    expect(none.uploads).toEqual([])
    expect(all.uploads.map(({ key }) => key).toSorted()).toEqual(keys)
    expect(own.uploads.map(({ key }) => key).toSorted()).toEqual(['ada/one', 'ada/two'])
    const [first] = own.uploads
    expect(await uploads.state(ada, first!.id!)).toMatchObject({ state: 'open', key: first!.key })
    await expect(uploads.complete(ada, first!.id!, {})).rejects.toMatchObject({ kind: 'denied' })
    await uploads.abort(ada, first!.id!)
    expect((await uploads.unfinished(ada, {})).uploads).toHaveLength(1)
  })
}
