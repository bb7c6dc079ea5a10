// Several processes in one folder: conditions hold among them, and the dead are no hindrance.

import { spawn } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { keyName } from '#shared/storage/providers/file/records.ts'
import { freshFolder, openFolder, put, read } from './file-folder.ts'

vi.setConfig({ testTimeout: 120_000 })

const WRITER = fileURLToPath(new URL('file-writer.ts', import.meta.url))

/** The lines that it printed. */
async function run(task: string, root: string, times: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, task, root, String(times)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const printed = await readAll(child.stdout)
  expect(await exited).toBe(0)
  return printed.split('\n').filter((line) => line !== '')
}

describe('processes at once', () => {
  it('create each object once', async () => {
    const root = freshFolder()
    const created = await Promise.all([1, 2, 3].map(() => run('create', root, 40)))
    const all = created.flat().map(Number)
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    expect(readdirSync(join(root, '.skein/locks'))).toEqual([])
  })

  it('lose no increment', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'counter', '0')
    await Promise.all([1, 2, 3].map(() => run('increment', root, 30)))
    expect(await read(driver, 'counter')).toBe('90')
    expect(readdirSync(join(root, '.skein/unfinished'))).toEqual([])
  })
})

describe('what a dead process left', () => {
  it('is cleared away by the next that writes: its lock, its unfinished file, its name', async () => {
    const root = freshFolder()
    const first = openFolder(root)
    await put(first, 'a', 'x')
    const [mine = ''] = readdirSync(join(root, '.skein/processes'))
    const own = JSON.parse(readFileSync(join(root, '.skein/processes', mine), 'utf8'))
    const dead = { ...own, nonce: 'dead', pid: await pidOfTheDead() }
    const identity = join(root, '.skein/processes/dead.json')
    writeFileSync(identity, JSON.stringify(dead))
    writeFileSync(join(root, '.skein/unfinished/dead-1'), 'half')
    mkdirSync(join(root, '.skein/unfinished/dead-2'))
    const locks = join(root, '.skein/locks')
    for (const key of ['a', 'never again']) linkSync(identity, join(locks, keyName(key)))
    linkSync(identity, join(locks, `${keyName('a')}~`))
    const second = openFolder(root)
    await put(second, 'a', 'y')
    expect(await read(first, 'a')).toBe('y')
    expect(readdirSync(join(root, '.skein/unfinished'))).toEqual([])
    expect(readdirSync(join(root, '.skein/processes'))).toEqual([mine])
    expect(readdirSync(locks)).toEqual([])
  })
})

async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid ?? 0
}
