// One large object brought over by as many functions as there are: its ranges are tasks of the queue, which may come
// twice, in any order, too late, or never.

import { expect, inject, it } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { gcsStore, s3Store, PART_BYTES } from '../copy/stores.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import type { Cloud } from './cloud.ts'
import { now, openCloud, runTask } from './cloud.ts'

/** Four ranges of 32 parts, and a part more. */
const SIZE = PART_BYTES * 128 + 1
const RANGES = 5

async function openLarge(): Promise<{ cloud: Cloud; bytes: Uint8Array; main: Store; west: Store }> {
  const servers = inject('servers')
  const main = openAs('main', await gcsStore(servers))
  const west = openAs('west', await s3Store(servers))
  const cloud = openCloud({ stores: [main, west], ledger: memoryStore('ledger') })
  const bytes = bytesOf(SIZE)
  await main.put('large', bytes)
  await cloud.replication.changed('large', { ...now(), size: SIZE })
  const [first] = cloud.waiting.splice(0)
  expect(await runTask(cloud.replication, first!.task)).toEqual([])
  return { cloud, bytes, main, west }
}

const kindsOf = ({ waiting }: Cloud) =>
  waiting.map(({ task, delaySeconds }) => [task.kind, delaySeconds > 0])

it('goes out as ranges, and the last of them has it committed', { timeout: 60_000 }, async () => {
  const { cloud, bytes, west } = await openLarge()
  expect(kindsOf(cloud)).toEqual([
    ['replicate', true],
    ...Array.from({ length: RANGES }, () => ['copy-range', false]),
  ])
  // Some come twice, and at once.
  const ranges = cloud.waiting.splice(1).map(({ task }) => task)
  const all = [...ranges.toReversed(), ...ranges.slice(0, 2)]
  const following = await Promise.all(all.map((task) => runTask(cloud.replication, task)))
  const then = following.flat()
  expect(new Set(then.map(({ kind }) => kind))).toEqual(new Set(['replicate']))
  expect(await runTask(cloud.replication, then[0]!)).toEqual([])
  sameBytes(await readAll((await west.get('large')).body), bytes)
  // What comes after that does nothing.
  for (const task of [...then, ...ranges]) await runTask(cloud.replication, task)
  await cloud.work({ delayed: true })
  expect(cloud.failed).toEqual([])
  expect((await west.groups.multipart.listUploads()).uploads).toEqual([])
})

it('is brought over by who looks again, where ranges never came', { timeout: 60_000 }, async () => {
  const { cloud, bytes, west } = await openLarge()
  const [again, one] = cloud.waiting.splice(0)
  expect(await runTask(cloud.replication, one!.task)).toEqual([])
  expect(await runTask(cloud.replication, again!.task)).toEqual([])
  expect(cloud.waiting).toEqual([])
  sameBytes(await readAll((await west.get('large')).body), bytes)
})

it('is another object by the time its ranges come', { timeout: 60_000 }, async () => {
  const { cloud, main, west } = await openLarge()
  await main.put('large', 'small')
  const [again, one] = cloud.waiting.splice(0)
  expect(await runTask(cloud.replication, one!.task)).toEqual([])
  await runTask(cloud.replication, again!.task)
  expect(await new Response((await west.get('large')).body).text()).toBe('small')
})
