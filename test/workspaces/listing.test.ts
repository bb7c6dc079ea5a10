// Listing a workspace over real servers, whose orders differ: pages, prefixes, stores that do not answer, and
// cursors that nobody here made.

import * as fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { ObjectList } from '#shared/client/protocol.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import type { ListObjectsQuery } from '#shared/workspaces/listing.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { createControl } from '../suites/storage/control.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { seeded } from '../seeds.ts'
import { memoryStore, openAs, openUnreachable, workspaceOf } from './workspace-of.ts'

const servers = inject('servers')
const s3 = await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } })
const gcs = await describeGcs(servers)
const azure = await describeAzurite(servers)
const control = createControl(s3.control, fetch)
const s3Store = openAs('main', s3)
const azureStore = openAs('blobs', azure)
const gcsStore = openAs('copies', gcs)
const workspace = workspaceOf([s3Store, azureStore, gcsStore])

const KEYS = ['a', 'a/b', 'a/😀', 'a/ﬁ', 'b\\c', 'b.', 'b./d', 'c', '😀/1', '😀/2', 'ﬁ', 'z']
/** What each lacks. */
const LACKING = { main: ['a/😀', 'ﬁ'], blobs: ['a', 'b./d'], copies: ['😀/1', 'b\\c'] }

beforeAll(async () => {
  for (const store of [s3Store, azureStore, gcsStore]) {
    const lacks = LACKING[store.name as keyof typeof LACKING]
    for (const key of KEYS.filter((one) => !lacks.includes(one))) await store.put(key, key)
  }
})

beforeEach(() => control.clear())

async function walk(
  of: Workspace,
  query: ListObjectsQuery,
): Promise<ObjectList & { pages: number }> {
  const all = { objects: [], prefixes: [], pages: 0 } as ObjectList & { pages: number }
  let cursor: string | undefined
  do {
    const page = await listObjects(of, { ...query, cursor })
    all.objects.push(...page.objects)
    all.prefixes.push(...page.prefixes)
    all.pages++
    cursor = page.cursor
  } while (cursor !== undefined && all.pages < 100)
  return all
}

describe('all stores', () => {
  test.each([1, 2, 5, 1000])(
    '%i keys a page: every key once, with what each holds',
    async (limit) => {
      const { objects } = await walk(workspace, { stores: 'all', limit })
      expect(objects.map(({ key }) => key).toSorted()).toEqual(KEYS.toSorted())
      const proper = objects.map(({ key }) => key).filter((key) => !key.startsWith('b'))
      expect(proper).toEqual(proper.toSorted(compareUtf8))
      for (const { key, stores } of objects) {
        expect(stores!.map(({ store, state }) => [key, store, state])).toEqual(
          Object.entries(LACKING).map(([store, lacks]) => [
            ...[key, store, lacks.includes(key) ? 'absent' : 'present'],
          ]),
        )
      }
    },
  )

  test.each([1, 3, 1000])('folded by a delimiter, %i a page', async (limit) => {
    const { objects, prefixes } = await walk(workspace, { stores: 'all', limit, delimiter: '/' })
    expect(prefixes.toSorted()).toEqual(['a/', 'b./', '😀/'].toSorted())
    expect(objects.map(({ key }) => key).toSorted()).toEqual(
      ['a', 'b\\c', 'b.', 'c', 'ﬁ', 'z'].toSorted(),
    )
  })

  test('under a prefix', async () => {
    const { objects } = await walk(workspace, { stores: 'all', prefix: 'a/', limit: 2 })
    expect(objects.map(({ key }) => key)).toEqual(['a/b', 'a/ﬁ', 'a/😀'])
  })

  test('a replica that does not answer is unknown, and is named', async () => {
    const partly = workspaceOf([s3Store, openUnreachable('away', gcs)])
    const { objects, unreachable } = await listObjects(partly, { stores: 'all' })
    expect(unreachable).toEqual(['away'])
    expect(objects).toHaveLength(KEYS.length - LACKING.main.length)
    expect(objects[0]!.stores![1]).toMatchObject({
      store: 'away',
      state: 'unknown',
      problem: /away/,
    })
  })

  test('a replica that is configured wrongly is unknown too', async () => {
    const options = { ...s3.options, credentials: s3.wrongCredentials! }
    const partly = workspaceOf([gcsStore, openAs('wrong', { ...s3, options })])
    const { objects, unreachable } = await listObjects(partly, { stores: 'all' })
    expect(unreachable).toEqual(['wrong'])
    expect(objects[0]!.stores![1]).toMatchObject({ store: 'wrong', state: 'unknown' })
  })

  test('a store that stops answering half way is unknown from there, and known again later', async () => {
    const turned = workspaceOf([gcsStore, s3Store])
    const first = await listObjects(turned, { stores: 'all', limit: 4 })
    expect(first.unreachable).toBeUndefined()
    await control.fault({ times: 100, action: { status: 503, code: 'ServiceUnavailable' } })
    const second = await listObjects(turned, { stores: 'all', limit: 4, cursor: first.cursor })
    expect(second.unreachable).toEqual(['main'])
    expect(second.objects.map(({ stores }) => stores![1]!.state)).toEqual(
      second.objects.map(() => 'unknown'),
    )
    await control.clear()
    const third = await listObjects(turned, { stores: 'all', cursor: second.cursor })
    expect(third.unreachable).toBeUndefined()
    const seen = [first, second, third].flatMap((page) => page.objects.map(({ key }) => key))
    expect(new Set(seen).size).toBe(seen.length)
    for (const { key, stores } of third.objects) {
      expect(stores![1]!.state).toBe(LACKING.main.includes(key) ? 'absent' : 'present')
    }
  })

  test('one that hangs is given up, and the others are told', async () => {
    await control.fault({ times: 100, action: { hang: true } })
    const turned = workspaceOf([gcsStore, s3Store])
    const page = await listObjects(turned, { stores: 'all', deadlineSeconds: 0.2 })
    expect(page.unreachable).toEqual(['main'])
    expect(page.objects[0]!.stores![1]!.problem).toMatch(/did not answer within 0.2 seconds/)
  })
})

describe('the primary alone', () => {
  test('says nothing of the others and asks none', async () => {
    const partly = workspaceOf([s3Store, openUnreachable('away', gcs)])
    const { objects, cursor, unreachable } = await listObjects(partly)
    expect([cursor, unreachable, objects[0]!.stores]).toEqual([undefined, undefined, undefined])
    expect(objects.map(({ key }) => key)).toEqual(
      KEYS.filter((key) => !LACKING.main.includes(key)).toSorted(compareUtf8),
    )
  })

  test('costs one request a page', async () => {
    const { pages } = await walk(workspace, { limit: 5 })
    const lists = (await control.requests()).filter(({ method }) => method === 'GET')
    expect([pages, lists.length]).toEqual([2, 2])
  })

  test('that does not answer is an error', async () => {
    const away = workspaceOf([openUnreachable('away', gcs), s3Store])
    await expect(listObjects(away)).rejects.toMatchObject({ kind: 'unavailable' })
    const { unreachable, objects } = await listObjects(away, { stores: 'all' })
    expect(unreachable).toEqual(['away'])
    expect(objects.length).toBeGreaterThan(0)
  })
})

describe('a request that cannot be', () => {
  test.each([0, -1, 1.5, 1001, Number.NaN])('%d keys a page', async (limit) => {
    await expect(listObjects(workspace, { limit })).rejects.toMatchObject({ kind: 'invalid' })
  })

  test('a cursor of another listing', async () => {
    const { cursor } = await listObjects(workspace, { limit: 1 })
    for (const other of [{ prefix: 'a' }, { delimiter: '/' }, { stores: 'all' as const }]) {
      await expect(listObjects(workspace, { ...other, cursor })).rejects.toMatchObject({
        kind: 'invalid',
        message: expect.stringContaining('another listing'),
      })
    }
    const elsewhere = workspaceOf([openAs('other', s3)])
    await expect(listObjects(elsewhere, { cursor })).rejects.toMatchObject({ kind: 'invalid' })
  })

  test('a cursor that is none', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString('base64url')),
          fc.constant('A'.repeat(40_000)),
        ),
        async (cursor) => {
          await expect(listObjects(workspace, { cursor })).rejects.toMatchObject({
            kind: 'invalid',
          })
        },
      ),
      seeded(),
    )
  })

  test.each([
    ['S3', s3Store],
    ['GCS', gcsStore],
    ['Azure', azureStore],
    ['a memory', memoryStore('memory')],
  ])(
    'a forged cursor shows nothing outside the prefix of %s, and is no fault of ours',
    async (_, store) => {
      for (const key of ['mine/1', 'mine/2', 'other/1']) await store.put(key, key)
      const alone = workspaceOf([store])
      const { cursor } = await listObjects(alone, { prefix: 'mine/', limit: 1 })
      const honest = JSON.parse(Buffer.from(cursor!, 'base64url').toString('utf8'))
      const stretches = [
        [{ cursor: 'forged' }],
        [{ cursor: 'other/' }],
        [{ cursor: '' }],
        [{}, {}],
        [{ within: { block: 'other/', kind: 'high' } }],
      ]
      for (const stretch of stretches) {
        const forged = { ...honest, last: undefined, stores: [stretch] }
        const text = Buffer.from(JSON.stringify(forged)).toString('base64url')
        const answer = await listObjects(alone, { prefix: 'mine/', cursor: text }).catch(
          (error) => {
            if (!isStorageError(error, 'invalid')) throw error
            return undefined
          },
        )
        const keys = answer?.objects.map(({ key }) => key) ?? []
        expect(keys.filter((key) => !key.startsWith('mine/'))).toEqual([])
      }
    },
  )
})
