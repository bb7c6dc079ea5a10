import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import {
  progressLine,
  startProgress,
  startWorkProgress,
  workLine,
} from '../../functions/node/terminal/progress.ts'

const MiB = 2 ** 20

describe('the line of a long transfer', () => {
  test('tells share, bytes, speed and time left', () => {
    const line = progressLine('cat.jpg', 25 * MiB, 100 * MiB, 5)
    expect(line).toBe(
      `cat.jpg  ${'█'.repeat(6)}${'░'.repeat(18)}  25%  25.0 MiB  5.0 MiB/s  0:15 left`,
    )
  })

  test('tells bytes and speed where the end is not known, and no time before anything moved', () => {
    expect(progressLine('-', 3 * MiB, undefined, 2)).toBe('-  3.0 MiB  1.5 MiB/s')
    expect(progressLine('k', 0, 10, 0)).toContain('--:-- left')
  })

  test('lets no key move the cursor', () => {
    expect(progressLine('a\u001b[2J', 1, 2, 1)).not.toContain('\u001b')
  })
})

test('is drawn on a terminal alone, at most ten times a second, and taken away', () => {
  const drawn: string[] = []
  const out = (isTTY: boolean) =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          drawn.push(String(chunk))
          done()
        },
      }),
      { isTTY, columns: 80 },
    )
  let now = 1000
  const silent = startProgress('k', 10, out(false), () => now)
  silent.update(5)
  silent.end()
  expect(drawn).toEqual([])

  const shown = startProgress('k', 10, out(true), () => now)
  for (const bytes of [1, 2, 3]) shown.update(bytes)
  now += 100
  shown.update(4)
  shown.end()
  expect(drawn).toHaveLength(3)
  expect(drawn.at(-1)).toBe('\r\u001b[K')
})

test('of many objects tells how many, and all their bytes', () => {
  const work = { planned: 1200, plannedBytes: 100 * MiB, copied: 300, movedBytes: 25 * MiB }
  expect(workLine({ ...work, same: 40_000, compared: 1 }, 5)).toBe(
    `300 of 1,200, 40,001 same  ${'█'.repeat(6)}${'░'.repeat(18)}  25%  25.0 MiB  5.0 MiB/s  0:15 left`,
  )
})

test('of many objects makes room for a line, and comes back', () => {
  const drawn: string[] = []
  const write = (chunk: unknown, _: unknown, done: () => void) => {
    drawn.push(String(chunk))
    done()
  }
  const out = Object.assign(new Writable({ write }), { isTTY: true, columns: 20 })
  let now = 1000
  const bar = startWorkProgress(out, () => now)
  const work = { planned: 2, plannedBytes: 2, copied: 1, movedBytes: 1, same: 0, compared: 0 }
  bar.clear()
  expect(drawn).toEqual([])
  bar.update(work)
  bar.update(work)
  bar.clear()
  expect(drawn).toEqual(['\r1 of 2, 0 same  ███\u001b[K', '\r\u001b[K'])
  now += 100
  bar.update(work)
  expect(drawn).toHaveLength(3)
})
