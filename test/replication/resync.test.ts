// A prefix held against a replica by listings: what is missing, older or of another size is copied, and what
// is not selected is left alone.

import { expect, test } from 'vitest'
import { now, openCloud, textAt } from './cloud.ts'

test('copies what is missing or differs below a prefix, and nothing else', async () => {
  const { replication, primary, replica, work } = openCloud()
  for (const key of ['in/missing', 'in/changed', 'in/same', 'out']) await primary.put(key, 'one')
  for (const key of ['in/changed', 'in/same']) await replication.changed(key, now())
  await work()
  await primary.put('in/changed', 'another')
  const { etag } = await replica.head('in/same')
  await replication.resync({ prefix: 'in/' })
  await work()
  expect(await textAt(replica, 'in/missing')).toBe('one')
  expect(await textAt(replica, 'in/changed')).toBe('another')
  expect((await replica.head('in/same')).etag).toBe(etag)
  expect(await replica.find('out')).toBeUndefined()
})

test('goes on in steps over more than one listing holds', async () => {
  const { replication, primary, replica, work, ledger } = openCloud()
  const keys = Array.from({ length: 1203 }, (_, i) => `k${String(i).padStart(4, '0')}`)
  for (const key of keys) await primary.put(key, key)
  await replication.resync({})
  await work()
  const found: string[] = []
  for await (const { key } of replica.listAll()) found.push(key)
  expect(found).toEqual(keys)
  expect(await ledger.read('replication/app/size')).toEqual({ objects: 1203 })
})

test('copies what the rules select: by prefix, size, type and tags', async () => {
  const rules = {
    only: { prefixes: ['p/'], maxSize: 5, types: ['image/*'], tags: { keep: 'yes' } },
  }
  const { replication, primary, replica, work } = openCloud({ rules })
  const tags = { keep: 'yes' }
  await primary.put('p/all', 'one', { contentType: 'image/png', tags })
  await primary.put('p/large', 'too large', { contentType: 'image/png', tags })
  await primary.put('p/text', 'one', { contentType: 'text/plain', tags })
  await primary.put('p/untagged', 'one', { contentType: 'image/png' })
  await primary.put('q/elsewhere', 'one', { contentType: 'image/png', tags })
  await replication.resync({})
  await work()
  expect((await replica.list()).objects.map(({ key }) => key)).toEqual(['p/all'])
})
