// One object over real stores: described, deleted and copied, also while a store does not answer.

import { beforeEach, describe, expect, inject, test } from 'vitest'
import { copyObject, deleteObject, describeObject } from '#shared/workspaces/objects.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createControl } from '../suites/storage/control.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { openAs, openUnreachable, workspaceOf } from './workspace-of.ts'

const servers = inject('servers')
const s3 = await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } })
const gcs = await describeGcs(servers)
const azure = await describeAzurite(servers)
const control = createControl(s3.control, fetch)
const main = openAs('main', s3)
const second = openAs('second', gcs)
const third = openAs('third', azure)
const workspace = workspaceOf([main, second, third])

beforeEach(() => control.clear())

describe('a description', () => {
  test('says what each store holds, and nothing of our own marks', async () => {
    const metadata = { owner: 'me', skein_upload: 'sealed' }
    await main.put('described', 'text', { contentType: 'text/plain', metadata })
    await second.put('described', 'older text')
    const description = await describeObject(workspace, 'described')
    expect(description).toMatchObject({
      ...{ key: 'described', size: 4, contentType: 'text/plain', metadata: { owner: 'me' } },
      stores: [
        { store: 'main', role: 'primary', state: 'present', size: 4 },
        { store: 'second', role: 'replica', state: 'present', size: 10 },
        { store: 'third', role: 'replica', state: 'absent' },
      ],
    })
    expect(JSON.stringify(description)).not.toContain('skein_')
  })

  test('is by the first store that has it', async () => {
    await third.put('left behind', 'only here')
    const { size, stores } = await describeObject(workspace, 'left behind')
    expect([size, stores.map(({ state }) => state)]).toEqual([9, ['absent', 'absent', 'present']])
  })

  test('of what no store has is not found, and unavailable while one does not answer', async () => {
    await expect(describeObject(workspace, 'nowhere')).rejects.toMatchObject({ kind: 'not-found' })
    const partly = workspaceOf([main, openUnreachable('away', gcs)])
    await expect(describeObject(partly, 'nowhere')).rejects.toMatchObject({ kind: 'unavailable' })
    await main.put('somewhere', 'text')
    const { stores } = await describeObject(partly, 'somewhere')
    expect(stores[1]).toMatchObject({ store: 'away', state: 'unknown', problem: /away/ })
  })

  test('of a key that cannot be is refused', async () => {
    await expect(describeObject(workspace, 'a/../b')).rejects.toMatchObject({ kind: 'invalid' })
    await expect(describeObject(workspace, '.skein/x')).rejects.toMatchObject({ kind: 'invalid' })
  })
})

describe('a delete', () => {
  const everywhere = (key: string) => Promise.all([main, second, third].map((s) => s.put(key, 'x')))
  const holders = async (key: string) =>
    (await Promise.all([main, second, third].map((s) => s.find(key)))).map(
      (info) => info !== undefined,
    )

  test('reaches every store, or the primary alone, as asked', async () => {
    await everywhere('deleted')
    const one = await deleteObject(workspace, 'deleted', { from: 'primary' })
    expect(one).toEqual({ key: 'deleted', stores: [{ store: 'main', deleted: true }] })
    expect(await holders('deleted')).toEqual([false, true, true])
    const all = await deleteObject(workspace, 'deleted', { from: 'all' })
    expect(all.stores.map(({ deleted }) => deleted)).toEqual([true, true, true])
    expect(await holders('deleted')).toEqual([false, false, false])
  })

  test('that the primary refuses leaves the copies alone, and says so', async () => {
    await everywhere('kept')
    await control.fault({
      operation: 'DeleteObject',
      times: 50,
      action: { status: 403, code: 'AccessDenied' },
    })
    await control.fault({
      operation: 'DeleteObjects',
      times: 50,
      action: { status: 403, code: 'AccessDenied' },
    })
    const { stores } = await deleteObject(workspace, 'kept', { from: 'all' })
    expect(stores.map(({ deleted }) => deleted)).toEqual([false, false, false])
    expect(stores[1]!.problem).toMatch(/Left as it is, since main still has/)
    await control.clear()
    expect(await holders('kept')).toEqual([true, true, true])
  })

  test('of a key that cannot be is refused', async () => {
    const refused = deleteObject(workspace, '.skein/ledger', { from: 'all' })
    await expect(refused).rejects.toMatchObject({ kind: 'invalid' })
  })

  test('that a replica does not answer to is told for that one', async () => {
    await main.put('partly', 'x')
    const partly = workspaceOf([main, openUnreachable('away', gcs)])
    const { stores } = await deleteObject(partly, 'partly', { from: 'all' })
    expect(stores[0]).toEqual({ store: 'main', deleted: true })
    expect(stores[1]).toMatchObject({ store: 'away', deleted: false, problem: /away/ })
  })
})

describe.each<[string, StoreDescription]>([
  ['S3', s3],
  [
    'an S3 without conditions',
    await describeS3(servers, {
      ...{ name: 'plain', row: 's3-compatible', parameters: { region: 'us-east-1' } },
    }),
  ],
  ['GCS', gcs],
  ['Azure', azure],
])('a copy within %s', (_, description) => {
  const store = openAs('primary', description)
  const alone = workspaceOf([store, second])

  test('carries what describes the object, and not our marks', async () => {
    const metadata = { owner: 'größe', skein_upload: 'sealed' }
    await store.put('from', 'the text', {
      contentType: 'text/x-own',
      cacheControl: 'no-store',
      metadata,
    })
    const copy = await copyObject(alone, { from: 'from', to: 'to' })
    expect(copy).toMatchObject({ key: 'to', store: 'primary', size: 8, overwrite: 'open' })
    const info = await store.head('to')
    expect(info).toMatchObject({ contentType: 'text/x-own', cacheControl: 'no-store', size: 8 })
    expect([info.metadata, info.etag]).toEqual([{ owner: 'größe' }, copy.etag])
    expect((await store.head('from')).metadata).toEqual(metadata)
    expect(await second.find('to')).toBeUndefined()
  })

  test('only if the key is free, by the store or by a look', async () => {
    await store.put('source', 'new')
    await store.put('taken', 'old')
    const refused = copyObject(alone, { from: 'source', to: 'taken', ifAbsent: true })
    await expect(refused).rejects.toMatchObject({ kind: 'exists' })
    expect((await store.head('taken')).size).toBe(3)
    const copy = await copyObject(alone, { from: 'source', to: 'free', ifAbsent: true })
    const byStore = store.capabilities.copy?.create === true
    expect(copy.overwrite).toBe(byStore ? 'signed' : 'verified')
  })

  test('of what is not there, or onto itself, is refused', async () => {
    const missing = copyObject(alone, { from: 'nowhere', to: 'to' })
    await expect(missing).rejects.toMatchObject({ kind: 'not-found' })
    const same = copyObject(alone, { from: 'source', to: 'source' })
    await expect(same).rejects.toMatchObject({ kind: 'invalid' })
  })
})
