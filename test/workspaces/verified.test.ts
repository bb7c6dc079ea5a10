// A verified download goes by the version that a store holds: a copy that says it is of another version is not
// served, and where the primary cannot be asked, the latest version that can be seen comes first.

import { expect, test } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import { createDownloadContext } from '#shared/workspaces/download-context.ts'
import { lookAt } from '#shared/workspaces/verified.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import { now, openCloud } from '../replication/cloud.ts'
import { storeWith } from '../replication/faulty-store.ts'

async function open() {
  const down = new Set<string>()
  const stores = ['main', 'west', 'east'].map((name) =>
    storeWith(name, async () => {
      if (down.has(name)) throw new StorageError('unavailable', `${name} is down.`, { store: name })
    }),
  )
  const cloud = openCloud({ stores, ledger: storeWith('ledger', async () => undefined) })
  const look = async () => {
    const ranking = { stores: storesOf(cloud.workspace), because: 'it is the primary' }
    const context = createDownloadContext({ now: Date.now })
    const originOf = await cloud.replication.originOf()
    const { held, because } = await lookAt(cloud.workspace, ranking, { key: 'a' }, context, {
      originOf,
    })
    return { held: held.map(({ store, current }) => [store.name, current]), because }
  }
  return { ...cloud, down, look }
}

/** What East alone has missed. */
async function overwrite(cloud: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { primary, replication, work, down } = cloud
  await primary.put('a', 'first')
  await replication.changed('a', now())
  await work()
  down.add('east')
  const clock = Date.now
  Date.now = () => clock() + 60_000
  try {
    await primary.put('a', 'other')
  } finally {
    Date.now = clock
  }
  await replication.changed('a', now())
  await work()
  down.clear()
}

test('an older copy of the same size is not served', async () => {
  const cloud = await open()
  await overwrite(cloud)
  expect(await cloud.look()).toEqual({
    held: [
      ['main', true],
      ['west', true],
    ],
    because: 'it is the primary, and holds it',
  })
})

test('without the primary the later copy comes first, and neither is known to be current', async () => {
  const cloud = await open()
  await overwrite(cloud)
  cloud.down.add('main')
  cloud.workspace.replicas = cloud.workspace.replicas.toReversed()
  expect(await cloud.look()).toEqual({
    held: [
      ['west', false],
      ['east', false],
    ],
    because: 'west holds the latest version that can be seen',
  })
})
