// Instances of the built consumer function on one queue, of which some die: each that is killed in the middle of
// its work is replaced, as a platform does.

import { setTimeout as wait } from 'node:timers/promises'
import type { Consumer, ConsumerOptions } from '../servers/sqs/consumers.ts'
import { startConsumer } from '../servers/sqs/consumers.ts'
import type { Random } from './simulation/random.ts'

export interface Fleet {
  /** How many were killed, and how many of those held the object that everybody should see killed. */
  deaths: { all: number; precious: number }
  /** No more deaths from here on; resolves when all that were due have been replaced. */
  spare(): Promise<void>
  stop(): Promise<void>
}

export interface FleetOptions extends Pick<ConsumerOptions, 'module' | 'env' | 'batchSize'> {
  size: number
  random: Random
  /** A task whose holders are killed until this many of them are dead. */
  precious: { key: string; deaths: number }
}

/** Batches between two deaths, and how long after a batch has begun its holder dies. */
const BATCHES = { least: 15, more: 20 }
const MILLISECONDS = { batch: 60, precious: 400 }

function isCopyOf(body: string, key: string): boolean {
  return /"kind":"(replicate|copy-range)"/.test(body) && body.includes(key)
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { random, precious } = options
  const alive = new Set<Consumer>()
  const dying = new Map<Consumer, Promise<void>>()
  const deaths = { all: 0, precious: 0 }
  let sparing = false
  let left = BATCHES.least

  async function add(): Promise<void> {
    const { module, env, batchSize } = options
    alive.add(await startConsumer({ module, env, batchSize, onBegan: mayDie }))
  }

  async function die(consumer: Consumer, milliseconds: number): Promise<void> {
    await wait(milliseconds)
    await consumer.kill()
    alive.delete(consumer)
    deaths.all += 1
    await add()
    dying.delete(consumer)
  }

  function mayDie(bodies: readonly string[], consumer: Consumer): void {
    if (sparing || dying.has(consumer)) return
    const isPrecious =
      deaths.precious < precious.deaths && bodies.some((body) => isCopyOf(body, precious.key))
    left -= 1
    if (!isPrecious && left > 0) return
    if (isPrecious) deaths.precious += 1
    else left = BATCHES.least + random.below(BATCHES.more)
    const within = isPrecious ? MILLISECONDS.precious : MILLISECONDS.batch
    dying.set(consumer, die(consumer, random.below(within)))
  }

  await Promise.all(Array.from({ length: options.size }, add))
  return {
    deaths,
    async spare() {
      sparing = true
      await Promise.all(dying.values())
    },
    async stop() {
      sparing = true
      await Promise.all(dying.values())
      await Promise.all([...alive].map((consumer) => consumer.stop()))
    },
  }
}
