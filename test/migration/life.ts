// Somebody who writes, overwrites, deletes and reads by the API all the time, one thing after the other, and knows
// what he must find: what was acknowledged last at each key, and nothing where he has deleted it.

import { expect } from 'vitest'
import { createRandom } from '../replication/simulation/random.ts'
import type { House } from './house.ts'
import { read, upload } from './house.ts'

export interface Life {
  /** By key, what is there; keys that were deleted are not. */
  expected: ReadonlyMap<string, string>
  deleted: ReadonlySet<string>
  /** How often he has acted so far. */
  readonly acts: number
  /** Fails with the first thing that was not as it must be. */
  stop(): Promise<void>
}

const KEYS = 40

export function startLife(house: House, seed: number, first: ReadonlyMap<string, string>): Life {
  const random = createRandom(seed)
  const expected = new Map(first)
  const deleted = new Set<string>()
  let acts = 0
  const over = new AbortController()

  async function write(): Promise<void> {
    const key = `life/${random.below(KEYS)} ü.txt`
    const text = `${key} at act ${acts} ${'.'.repeat(random.below(2000))}`
    await upload(house, key, text)
    expected.set(key, text)
    deleted.delete(key)
  }

  async function remove(): Promise<void> {
    const key = random.pick([...expected.keys()])
    await house.ask(`object?key=${encodeURIComponent(key)}`, undefined, 'DELETE')
    expected.delete(key)
    deleted.add(key)
  }

  async function look(): Promise<void> {
    const key = random.pick([...expected.keys(), ...deleted])
    expect({ key, text: await read(house, key) }).toEqual({ key, text: expected.get(key) })
  }

  async function live(): Promise<void> {
    while (!over.signal.aborted) {
      await random.pick([write, write, remove, look, look])()
      acts += 1
    }
  }

  const living = live()
  // It is told of when somebody asks.
  living.catch(() => undefined)
  return {
    ...{ expected, deleted },
    get acts() {
      return acts
    },
    async stop() {
      over.abort()
      await living
    },
  }
}
