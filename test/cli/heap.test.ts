// A process that makes much which lives for a moment keeps the young part of its heap as small as it was told.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const MODULE = fileURLToPath(new URL('../../functions/node/heap.ts', import.meta.url))

/** Each thing lives as long as it takes to make forty thousand more. */
const PROGRAM = `
  const { boundYoungGeneration } = await import(${JSON.stringify(MODULE)})
  const { getHeapSpaceStatistics } = await import('node:v8')
  if (process.argv.includes('bound')) boundYoungGeneration()
  const recent = []
  for (let i = 0; i < 6_000_000; i++) {
    recent[i % 40_000] = { name: 'object ' + i, at: [i, i] }
    if (i % 20_000 === 0) await new Promise(setImmediate)
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
  console.log(young.space_size / 2 ** 20)
`

it('the young generation does not grow with the machine', { timeout: 60_000 }, async () => {
  const args = ['--input-type=module', '--eval', PROGRAM, 'bound']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 })
  expect(Number(stdout)).toBeGreaterThan(0)
  expect(Number(stdout)).toBeLessThanOrEqual(32)
})
