// The last line of a run: held to real runs of vitest, in a folder of their own.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await mkdtemp(join(root, 'node_modules/.cache-reporter-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const IMPORTS = `import { expect, it } from 'vitest'\n`

/** Runs the tests and gives what was printed, line by line, and how the run ended. */
async function run(name: string, tests: string): Promise<{ lines: string[]; code: number }> {
  const project = join(folder, name)
  await mkdir(project)
  await writeFile(join(project, 'a.test.ts'), IMPORTS + tests)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporter = join(root, 'test/harness/reporter.ts')
  const args = [vitest, 'run', '--root', project, '--reporter', reporter]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: project }, (error, stdout) => {
      const code = error ? Number(error.code) : 0
      resolve({ lines: stdout.trim().split('\n'), code })
    })
  })
}

it('counts what passed, failed and was skipped, and names the skipped', async () => {
  const { lines, code } = await run(
    'mixed',
    `it('a', () => {}); it('b', () => {}); it('c', () => expect(1).toBe(2))
     it.skip('d (no such server)', () => {}); it('e', ({ skip }) => skip('not today'))`,
  )
  expect(lines.slice(-3)).toEqual([
    'skipped: d (no such server)',
    'skipped: e (not today)',
    '2 passed, 1 failed, 2 skipped',
  ])
  expect(code).toBe(1)
})

it('names what one suite skips for one reason once', async () => {
  const { lines } = await run(
    'grouped',
    `import { describe } from 'vitest'
     describe('ours', () => { for (const name of 'abc') it.skip(name + ' (no such server)', () => {}) })
     it('d', () => {})`,
  )
  expect(lines.slice(-2)).toEqual([
    'skipped: ours: 3 tests (no such server)',
    '1 passed, 0 failed, 3 skipped',
  ])
})

it('counts a file that cannot run as a failure', async () => {
  const { lines, code } = await run('broken', `throw new Error('no tests here')`)
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped')
  expect(code).toBe(1)
})

it('counts an error outside of every test as a failure', async () => {
  const { lines, code } = await run(
    'stray',
    `it('a', () => { void Promise.reject(new Error('stray')) })`,
  )
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped')
  expect(code).toBe(1)
})
