// A process is killed while it writes, again and again. Each time every object must be whole: one write's
// bytes with that same write's record; and whoever writes next clears away what was left.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import { digestOf } from '#shared/wire/digest.ts'
import { allKeys, call, freshFolder, openFolder, put } from './file-folder.ts'

vi.setConfig({ testTimeout: 300_000 })

const WRITER = fileURLToPath(new URL('file-writer.ts', import.meta.url))
const KILLS = 12

async function writeAndDie(root: string, afterMilliseconds: number): Promise<void> {
  const child = spawn(process.execPath, [WRITER, 'write', root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  // Not a wait for something: the moment of death is what varies.
  await delay(afterMilliseconds)
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
}

async function checkWhole(driver: Driver, key: string): Promise<void> {
  const { info, body } = await driver.get(key, call)
  const bytes = new Uint8Array(await new Response(body).arrayBuffer())
  const { letter = '?', size } = info.metadata
  expect([bytes.length, info.size]).toEqual([Number(size), Number(size)])
  expect(bytes.every((byte) => byte === letter.charCodeAt(0))).toBe(true)
  expect(info.checksums.crc32c).toBe(digestOf('crc32c', bytes))
}

it('leaves old or new, and nothing for good', async () => {
  const root = freshFolder()
  for (let kill = 0; kill < KILLS; kill++) {
    await writeAndDie(root, Math.random() * 80)
    const driver = openFolder(root)
    for (const key of await allKeys(driver)) await checkWhole(driver, key)
    expect(await allKeys(driver)).toContain('object')
  }
  const driver = openFolder(root)
  const { metadata } = await driver.head('object', call)
  await driver.put('object', { bytes: new Uint8Array() }, { mode: 'overwrite', ...call, metadata })
  await put(driver, 'last', 'x')
  expect(readdirSync(join(root, '.skein/unfinished'))).toEqual([])
  expect(readdirSync(join(root, '.skein/locks'))).toEqual([])
  const records = readdirSync(join(root, '.skein/records'), { recursive: true }).filter((name) =>
    String(name).endsWith('.json'),
  )
  expect(records).toHaveLength((await allKeys(driver)).length)
})
