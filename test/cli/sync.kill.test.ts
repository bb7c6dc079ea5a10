// `skein sync` as a process, killed in the middle again and again: the next run does the rest, copies nothing
// again but what was on its way, and both sides end alike.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, test, vi } from 'vitest'
import { s3Store } from '../copy/stores.ts'
import { configured, contentOf, fill } from './stores-of.ts'

const CLI = fileURLToPath(new URL('../../functions/node/cli.ts', import.meta.url))
const COUNT = 300
const KILLS = [40, 110, 200]
const TRANSFERS = 4

test('killed three times, it ends as if nothing had been', { timeout: 120_000 }, async () => {
  const servers = inject('servers')
  const { skein, ends } = await configured({
    from: await s3Store(servers),
    to: await s3Store(servers),
  })
  const content = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`k${i}`, `c${i}`]))
  await fill(ends.from, content)
  await ends.to.control.clear()
  const written = async () => (await ends.to.asked())['PutObject'] ?? 0
  for (const count of KILLS) {
    const args = [CLI, 'sync', 'from', 'to', '--through-here', '--transfers', String(TRANSFERS)]
    const child = spawn(process.execPath, args, { cwd: skein.folder, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(count), {
      timeout: 30_000,
      interval: 5,
    })
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
  }
  const last = await skein('sync', 'from', 'to', '--through-here')
  expect(last).toMatchObject({ code: 0, err: '' })
  expect(await contentOf(ends.to)).toEqual(content)
  expect(await written()).toBeLessThanOrEqual(COUNT + KILLS.length * TRANSFERS)
  const same = await skein('sync', 'from', 'to')
  expect(same.out).toMatch(new RegExp(`^0 copied .* ${COUNT} the same, `))
})
