// Reads over real stores while the truth has moved and not everything with it: what it lacks is found at the store
// that was it before, and what was deleted meanwhile is nowhere.

import { beforeAll, beforeEach, expect, inject, test } from 'vitest'
import type { IsDeleted } from '#shared/workspaces/late.ts'
import { signDownload } from '#shared/workspaces/downloads.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import { describeObject } from '#shared/workspaces/objects.ts'
import { createControl } from '../suites/storage/control.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { contextOf, openAs, openUnreachable, workspaceOf } from './workspace-of.ts'

const servers = inject('servers')
const s3 = await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } })
const gcs = await describeGcs(servers)
const azure = await describeAzurite(servers)
const control = createControl(s3.control, fetch)
const [truth, old, third] = [openAs('truth', s3), openAs('old', azure), openAs('third', gcs)]
const workspace = { ...workspaceOf([truth, old, third]), late: [old] }

/** A backslash and a dot at the end lie elsewhere in Azure than they sort. */
const MOVED = ['a moved', 'z/moved']
const UNMOVED = ['b unmoved', 'odd\\key', 'y/unmoved.', '😀']
const DELETED = ['c deleted', 'w/deleted.', 'odd\\deleted']

const isDeleted: IsDeleted = async (store, key) => store === 'old' && DELETED.includes(key)

beforeAll(async () => {
  for (const key of MOVED) await truth.put(key, `${key} of truth`)
  for (const key of [...MOVED, ...UNMOVED, ...DELETED]) await old.put(key, `${key} of old`)
  // One that is yet to hear of the deletion, and is not the one that was the truth.
  await third.put('c deleted', 'c deleted of third')
})

beforeEach(() => control.clear())

async function read(key: string, request: object = {}, options: object = {}) {
  const context = contextOf(workspace)
  const judges = { isDeleted: async () => isDeleted }
  const download = await signDownload(workspace, { key, ...request }, context, {
    ...judges,
    ...options,
  })
  const { url, method, headers } = download.request
  const answer = await fetch(url, { method, headers })
  return { ...download, text: await answer.text(), status: answer.status }
}

test.for([{}, { verify: true }])(
  'a download of what has not moved is the old store’s: %j',
  async (asked) => {
    for (const key of MOVED) {
      expect(await read(key, asked)).toMatchObject({
        ...{ store: 'truth', text: `${key} of truth`, maybeStale: false },
      })
    }
    for (const key of UNMOVED) {
      expect(await read(key, asked)).toMatchObject({
        ...{ store: 'old', text: `${key} of old`, maybeStale: true },
        because: 'old, which was the primary before, holds it, and truth not yet',
      })
    }
    for (const key of [...DELETED, 'never there']) {
      await expect(read(key, asked)).rejects.toMatchObject({ kind: 'not-found', key })
    }
  },
)

test('so is a redirect, and a HEAD', async () => {
  const get = await read('b unmoved', {}, { redirect: true })
  expect(get).toMatchObject({ status: 200, text: 'b unmoved of old' })
  expect(await read('b unmoved', {}, { redirect: true, head: true })).toMatchObject({ status: 200 })
  const redirect = read('c deleted', {}, { redirect: true })
  await expect(redirect).rejects.toMatchObject({ kind: 'not-found' })
})

test('a page lists what has not moved among the rest, and nothing that was deleted', async () => {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await listObjects(workspace, { isDeleted, limit: 3, cursor })
    keys.push(...page.objects.map(({ key }) => key))
    expect(page.unreachable).toBeUndefined()
    ;({ cursor } = page)
  } while (cursor !== undefined)
  expect(keys.toSorted()).toEqual([...MOVED, ...UNMOVED].toSorted())
  expect(new Set(keys).size).toBe(keys.length)
})

test('an object that has not moved is described, and one that was deleted is not', async () => {
  expect(await describeObject(workspace, 'b unmoved', { isDeleted })).toMatchObject({
    size: 'b unmoved of old'.length,
    stores: [{ state: 'absent' }, { state: 'present' }, { state: 'absent' }],
  })
  // Another replica's copy is on its way to be deleted as well.
  const everywhere: IsDeleted = async (_, key) => DELETED.includes(key)
  const gone = describeObject(workspace, 'c deleted', { isDeleted: everywhere })
  await expect(gone).rejects.toMatchObject({ kind: 'not-found' })
})

test('where the old store does not answer, what the truth has is served and listed, and the rest is unknown', async () => {
  const away = openUnreachable('old', azure)
  const partly = { ...workspaceOf([truth, away]), late: [away] }
  const judges = { isDeleted: async () => isDeleted }
  const ask = (key: string) => signDownload(partly, { key }, contextOf(partly), judges)
  expect(await ask('a moved')).toMatchObject({ store: 'truth' })
  // Nobody knows that it is not there: the URL of the truth, as ever.
  expect(await ask('b unmoved')).toMatchObject({ store: 'truth' })
  const page = await listObjects(partly, { isDeleted })
  expect(page.objects.map(({ key }) => key)).toEqual(MOVED)
  expect(page.unreachable).toEqual(['old'])
  const passedOver = await listObjects(partly, { isDeleted, isAway: (store) => store === 'old' })
  expect(passedOver.unreachable).toEqual(['old'])
})

test('a list without the truth is none', async () => {
  const away = openUnreachable('truth', s3)
  const partly = { ...workspaceOf([away, old]), late: [old] }
  await expect(listObjects(partly, { isDeleted })).rejects.toMatchObject({ kind: 'unavailable' })
})
