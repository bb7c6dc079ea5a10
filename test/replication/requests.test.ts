// What a copy costs: a new small object exactly one GET and one PUT where writes can be conditional, and at most
// four requests elsewhere.

import { expect, inject, test } from 'vitest'
import { describeGcs, describeS3 } from '../harness/descriptions.ts'
import { createControl } from '../suites/storage/control.ts'
import { AMAZON } from '../uploads/stores.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import { now, openCloud, textAt } from './cloud.ts'

test.each([
  ['amazon', ['GET main', 'PUT west']],
  // Google describes an object by a GET.
  ['spaces', ['HEAD west', 'GET main', 'PUT west', 'GET main']],
])('a new small object from another cloud to a store like %s', async (dialect, wanted) => {
  const servers = inject('servers')
  const main = await describeGcs(servers)
  const west = await describeS3(servers, {
    ...{ name: 'west', dialect },
    ...(dialect === 'amazon' ? AMAZON : {}),
  })
  const stores = [openAs('main', main), openAs('west', west)]
  const cloud = openCloud({ stores, ledger: memoryStore('ledger') })
  await stores[0]!.put('a', 'one')
  const controls = [main, west].map(({ control }) => createControl(control!, fetch))
  for (const control of controls) await control.clear()
  await cloud.replication.changed('a', { ...now(), size: 3 })
  await cloud.work()
  const logs = await Promise.all(controls.map((control) => control.requests()))
  const made = logs.flatMap((log, i) =>
    log.map(({ method }) => `${method} ${i === 0 ? 'main' : 'west'}`),
  )
  expect(made.toSorted()).toEqual(wanted.toSorted())
  expect(await textAt(stores[1]!, 'a')).toBe('one')
})
