// From any cloud to any other, everything that can be awkward about an object: it arrives byte for byte with all that
// travels with it, is verified, and can be taken back.

import { afterAll, expect, inject, test } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { azureStore, folderStore, gcsStore, s3Store } from '../copy/stores.ts'
import { openFolders } from '../harness/folders.ts'
import { readAll } from '../suites/storage/content.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import type { Awkward } from './awkward.ts'
import { awkwardObjects, each, putAll } from './awkward.ts'
import { describedOf, openMoving, textsOf } from './moving.ts'

const servers = inject('servers')
const folders = await openFolders()
afterAll(() => folders.close())

const WIRES: Record<string, () => Promise<StoreDescription>> = {
  s3: () => s3Store(servers),
  gcs: () => gcsStore(servers),
  azure: () => azureStore(servers),
  file: async () => folderStore(folders.description),
}

/** A thousand take their time, and run with all servers. */
const MOST = process.env['SKEIN_SERVERS'] === 'all' ? 1000 : 200
const MANY = ['s3 azure', 'azure gcs', 'gcs s3', 'file s3']
const PAIRS = Object.keys(WIRES).flatMap((from) =>
  Object.keys(WIRES).flatMap((to) => (from === to ? [] : `${from} ${to}`)),
)

const open = async (wire: string): Promise<Store> =>
  createHarness(await WIRES[wire]!(), { fetch }).open()

async function check(to: Store, { key, bytes, options }: Awkward, from: Store): Promise<void> {
  const { info, body } = await to.get(key)
  const isSame = Buffer.compare(await readAll(body), bytes) === 0
  const tags = options.tags && to.capabilities.tags && (await to.groups.tags.get(key))
  const found = { key, isSame, tags: tags ?? undefined, described: describedOf(info) }
  const wanted = to.capabilities.tags ? options.tags : undefined
  const described = describedOf(await from.head(key))
  expect(found).toEqual({ key, isSame: true, tags: wanted, described })
}

test.each(PAIRS)('%s', { timeout: 120_000 }, async (pair) => {
  const [source = '', target = ''] = pair.split(' ')
  const [from, to] = [await open(source), await open(target)]
  const objects = awkwardObjects(MANY.includes(pair) ? MOST : 50, from.capabilities)
  await putAll(from, objects)
  const first = objects[0]!
  await to.put(first.key, 'in the way', { metadata: { of: 'somebody' } })
  const moving = openMoving({ from, to })
  const { state } = await moving.move()
  expect(state).toBe('ready')
  const count = objects.length
  expect(await moving.tally('copy')).toMatchObject({ objects: count, copied: count, replaced: 1 })
  expect(await moving.notes('failed')).toEqual([])
  const verified = await moving.tally('verify')
  expect(verified).toMatchObject({ objects: count })
  expect(verified['behind'] ?? 0).toBe(0)
  expect(verified['wrong'] ?? 0).toBe(0)
  await each(objects, (object) => check(to, object, from))
  const lost = new Set((await moving.notes('losses')).map(({ what }) => what))
  expect([...lost]).toEqual(from.capabilities.tags && !to.capabilities.tags ? ['tags'] : [])
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ [first.key]: 'in the way' })
  expect((await to.head(first.key)).metadata).toEqual({ of: 'somebody' })
})
