// A process is killed while it sends, receives and settles, again and again. Whatever it said it had done
// holds: what was sent is there, once, until it was done or set aside; what was in hand is free again.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { openDatabase } from '../../functions/node/database.ts'
import type { EmbeddedQueue } from '../../functions/node/queue.ts'
import { openQueue } from '../../functions/node/queue.ts'
import { scratchFolder } from './built.ts'

const WORKER = fileURLToPath(new URL('embedded-queue.ts', import.meta.url))
const KILLS = 8

vi.setConfig({ testTimeout: 120_000 })

/** What the process told until the line at which it is killed, and what it still told after. */
async function workAndDie(path: string, from: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [WORKER, path, String(from)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const told: string[] = []
  for await (const line of createInterface(child.stdout)) {
    told.push(line)
    if (told.length === lines) child.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  return told
}

const numberOf = (body: string): number => (JSON.parse(body) as { n: number }).n

function drain(queue: EmbeddedQueue): number[] {
  const left = queue.receive(1_000_000)
  for (const message of left)
    queue.settle(message, { result: 'retry', afterSeconds: 0, reason: '' })
  return left.map(({ body }) => numberOf(body))
}

it('keeps every task that it said was sent, and forgets none that it said was done', async () => {
  const path = join(await scratchFolder(), 'queue.sqlite')
  const states = new Map<number, string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const from = kill * 1_000_000
    for (const line of await workAndDie(path, from, 20 + kill * 7)) {
      const [word = '', n] = line.split(' ')
      states.set(Number(n), word)
    }
    const database = openDatabase(path)
    const queue = await openQueue(database)
    const waiting = drain(queue)
    const aside = queue.setAside().map(({ body }) => numberOf(body))
    database.close()

    expect(new Set(waiting).size).toBe(waiting.length)
    expect(waiting.filter((n) => aside.includes(n))).toEqual([])
    // The last word may have been overtaken by a commit that the process did not live to tell.
    const kept = new Set([...waiting, ...aside])
    const told = [...states].filter(([, word]) => word === 'sent' || word === 'retry')
    const lost = told.filter(([n]) => !kept.has(n))
    expect(lost.length).toBeLessThanOrEqual(kill + 1)
    const numbersOf = (wanted: string) =>
      [...states].filter(([, word]) => word === wanted).map(([n]) => n)
    expect(numbersOf('done').filter((n) => kept.has(n))).toEqual([])
    expect(numbersOf('set-aside').filter((n) => !aside.includes(n))).toEqual([])
  }
})
