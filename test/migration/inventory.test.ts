// What a plan finds on real listings: counts, what the destination cannot hold, what is there already, and what
// would happen to each object. It reads, and touches nothing.

import { expect, inject, test } from 'vitest'
import type { MigrateInput } from '#shared/migration/input.ts'
import type { MigrationPlan } from '#shared/migration/plan.ts'
import type { Store } from '#shared/storage/store.ts'
import { azureStore, s3Store } from '../copy/stores.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import { fill, openMoving, textsOf } from './moving.ts'

const servers = inject('servers')

async function planned(
  from: Store,
  to: Store,
  input: Partial<MigrateInput> = {},
): Promise<MigrationPlan> {
  const moving = openMoving({ from, to })
  const { id, state } = await moving.plan(input)
  expect(state).toBe('ready')
  return (await moving.engine.report(id)) as MigrationPlan
}

test('from S3 to Azure: what is there, what is new, and what has to be called otherwise', async () => {
  const from = openAs('from', await s3Store(servers))
  const to = openAs('to', await azureStore(servers))
  await fill(from, {
    'a.txt': 'one',
    'b.txt': 'two',
    'c.txt': 'three',
    'ends with a dot.': 'four',
    [`${'long/'.repeat(200)}x`]: 'five',
    empty: '',
  })
  await from.put('large.bin', 'x'.repeat(300_000), { metadata: { colour: 'blue' } })
  await from.put('tagged', 'six', { tags: { team: 'red' } })
  await fill(to, { 'a.txt': 'one', 'b.txt': 'TWO', 'c.txt': 'otherwise', 'theirs.txt': 'kept' })
  const before = await textsOf(to)
  const plan = await planned(from, to, { dryRun: true })
  expect(await textsOf(to)).toEqual(before)
  const { inventory, destination, ways, refused, adjustments, would } = plan
  expect(inventory).toMatchObject({ objects: 8, bytes: 300_022 })
  expect(inventory.sizes.map(({ name, objects }) => [name, objects])).toEqual([
    ['empty', 1],
    ['below 1 KiB', 6],
    ['128 KiB to 1 MiB', 1],
  ])
  expect(destination.extra).toMatchObject({ objects: 1, bytes: 4 })
  expect(destination.differs.objects + destination.unknown.objects).toBe(3)
  expect(refused).toEqual([])
  expect(adjustments).toContainEqual({
    what: 'keys that to cannot hold as they are',
    does: 'are kept there under escaped names, and told by their own',
    objects: 1,
    examples: ['ends with a dot.'],
  })
  expect(ways.reduce((sum, { objects }) => sum + objects, 0)).toBe(8 - destination.same.objects)
  expect(would?.leftOut).toBe(0)
  const fates = Object.fromEntries(would?.objects.map((one) => [one.key, one.would]) ?? [])
  expect(fates).toMatchObject({ 'a.txt': 'compare', 'c.txt': 'replace', empty: 'copy' })
})

test('what cannot be moved is refused with its reason, and the rest is planned', async () => {
  const from = memoryStore('from')
  const described = await s3Store(servers)
  const { capabilities } = described.options ?? {}
  const options = { ...described.options, capabilities: { ...capabilities, maxObjectBytes: 10 } }
  const to = openAs('small', { ...described, options })
  await fill(from, { small: 'fits', large: 'does not fit in there' })
  const plan = await planned(from, to)
  expect(plan.inventory.objects).toBe(2)
  expect(plan.ways).toMatchObject([{ how: 'whole', objects: 1, bytes: 4 }])
  expect(plan.refused).toEqual([
    { why: 'small takes objects of 10 bytes at most', objects: 1, bytes: 21, examples: ['large'] },
  ])
  expect(plan.says).toContain(
    '1 of 2 objects are to be brought from from to small; 1 cannot be moved',
  )
})

test('only what is asked for is counted: by pattern, size, age and class', async () => {
  const [from, to] = [memoryStore('from'), memoryStore('to')]
  await fill(from, { 'a/1.jpg': '1', 'a/2.txt': '22', 'b/3.jpg': '333', 'b/4.jpg': '4444' })
  const objects = async (input: Partial<MigrateInput>) =>
    (await planned(from, to, input)).inventory.objects
  expect(await objects({ include: ['*.jpg'] })).toBe(3)
  expect(await objects({ exclude: ['/a/**'], maxBytes: 3 })).toBe(1)
  expect(await objects({ since: '2999-01-01T00:00:00Z' })).toBe(0)
  expect(await objects({ until: '2999-01-01T00:00:00Z', minBytes: 2 })).toBe(3)
  expect(await objects({ classes: ['NONE'] })).toBe(0)
  const below = await planned(from, to, { from: { store: 'from', base: 'b/' } })
  expect(below.inventory).toMatchObject({ objects: 2, bytes: 7 })
})

test('a place within the other is refused before anything is listed', async () => {
  const from = memoryStore('from')
  const moving = openMoving({ from, to: from })
  await expect(moving.plan()).rejects.toThrow(/lie within one another/)
})
