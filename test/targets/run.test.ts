// What npm's scripts are run by: it installs what is missing and nothing that is there, and a signal that only
// npm is told reaches the server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { end } from '../servers/process.ts'
import { scratchFolder } from './built.ts'
import { runCommand } from './command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A clone with an npm that only writes down that it was asked. */
async function clone(): Promise<{ run: () => Promise<string>; folder: string }> {
  const folder = await scratchFolder()
  const program = join(folder, 'functions/node/run.mjs')
  await mkdir(join(folder, 'functions/node'), { recursive: true })
  await mkdir(join(folder, 'node_modules'))
  await copyFile(join(root, 'functions/node/run.mjs'), program)
  await writeFile(join(folder, 'package-lock.json'), '{}')
  const npm = join(folder, 'bin', 'npm')
  await mkdir(join(folder, 'bin'))
  await writeFile(npm, '#!/bin/sh\necho installed >&2\n')
  await chmod(npm, 0o755)
  return {
    folder,
    async run() {
      const { code, out, error } = await runCommand({
        ...{ command: process.execPath, args: [program, '-e', 'console.log("ran")'], cwd: folder },
        env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
      })
      expect([code, out]).toEqual([0, 'ran\n'])
      return error
    },
  }
}

test('a fresh clone installs its packages, once, and again when they are others', async () => {
  const { run, folder } = await clone()
  expect(await run()).toContain('installed')
  expect(await run()).toBe('')
  await writeFile(join(folder, 'package-lock.json'), '{"other":true}')
  expect(await run()).toContain('installed')
})

test('what somebody installed with npm himself is not installed again', async () => {
  const { run, folder } = await clone()
  const before = new Date(Date.now() - 60_000)
  await utimes(join(folder, 'package-lock.json'), before, before)
  await writeFile(join(folder, 'node_modules/.package-lock.json'), '{}')
  expect(await run()).toBe('')
})

test('npm start, told to end, ends the server and then itself', { timeout: 30_000 }, async () => {
  const folder = await scratchFolder()
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  await symlink(join(root, 'functions'), join(folder, 'functions'))
  const child = spawn('npm', ['start'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => end(child))
  let url = ''
  for await (const line of createInterface(child.stdout)) {
    url = /^Skein is at (\S+),/.exec(line)?.[1] ?? url
    if (url) break
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed')
  expect(await readFile(join(folder, '.skein/local-token'), 'utf8')).toMatch(/^skein_/)
})
