// `skein migrate` as a process, killed in the middle of every phase again and again: who takes it up does the rest,
// writes nothing again but what was on its way, and the way back leaves all as it was.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, test, vi } from 'vitest'
import type { Configured } from '../cli/stores-of.ts'
import { configured, contentOf, fill } from '../cli/stores-of.ts'
import { gcsStore, s3Store } from '../copy/stores.ts'

const CLI = fileURLToPath(new URL('../../functions/node/cli.ts', import.meta.url))
const COUNT = 300
const TRANSFERS = 4

type Ends = Configured<'from' | 'to'>

/** Killed once so many of these requests were made in all. */
async function killed(
  { skein, ends }: Ends,
  args: readonly string[],
  end: 'from' | 'to',
  [operation, count]: [operation: string, count: number],
): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'migrate', ...args], {
    cwd: skein.folder,
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))
  const made = async () => (await ends[end].asked())[operation] ?? 0
  await vi.waitFor(async () => expect(await made()).toBeGreaterThan(count), {
    timeout: 60_000,
    interval: 5,
  })
  child.kill('SIGKILL')
  expect(await ended).toBe('SIGKILL')
}

test('killed in every phase, it ends as if nothing had been', { timeout: 300_000 }, async () => {
  const servers = inject('servers')
  const configuration = await configured({
    from: await s3Store(servers),
    to: await gcsStore(servers),
  })
  const { skein, ends } = configuration
  const content = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`k${i}`, `c${i}`]))
  const before = { k7: 'was there', k8: 'c8', theirs: 'stays' }
  await fill(ends.from, content)
  await fill(ends.to, before)
  await Promise.all([ends.from.control.clear(), ends.to.control.clear()])

  const plan = ['plan', '--from', 'from', '--to', 'to', '--save', 'plan.json']
  const transfers = ['--transfers', String(TRANSFERS)]
  await killed(configuration, [...plan, ...transfers], 'from', ['ListObjectsV2', 2])
  expect(await skein('migrate', ...plan, ...transfers)).toMatchObject({ code: 0 })

  await killed(configuration, ['start', 'plan.json'], 'to', ['objects.insert', 40])
  await killed(configuration, ['resume', 'plan.json'], 'to', ['objects.insert', 110])
  await killed(configuration, ['resume', 'plan.json'], 'to', ['objects.insert', 220])
  expect(await skein('migrate', 'resume', 'plan.json')).toMatchObject({ code: 0 })
  expect(await contentOf(ends.to)).toEqual({ ...before, ...content })
  const puts = (await ends.to.asked())['objects.insert'] ?? 0
  // Of the parts that are worked on at once, each may have had its transfers on the way.
  expect(puts).toBeLessThanOrEqual(COUNT + 3 * 4 * TRANSFERS)

  await killed(configuration, ['rollback', 'plan.json'], 'to', ['objects.delete', 60])
  await killed(configuration, ['resume', 'plan.json'], 'to', ['objects.delete', 180])
  expect(await skein('migrate', 'resume', 'plan.json')).toMatchObject({ code: 0 })
  expect(await contentOf(ends.to)).toEqual(before)
})
