// A migration in a simulated cloud on a bad day: requests fail, answers are lost, bits flip, and whoever
// works on it dies anywhere, while others write at both ends. In fine weather it is brought to its end, or taken back
// from wherever it was. Every problem is a sentence; none is what is hoped for.

import { setTimeout } from 'node:timers/promises'
import type { Task } from '#shared/platform.ts'
import type { Engine } from '#shared/jobs/engine.ts'
import { createEngine } from '#shared/jobs/engine.ts'
import { jobFields } from '#shared/jobs/job.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { MigrationPlace } from '#shared/migration/context.ts'
import { migrateKind } from '#shared/migration/migrate-job.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { createSeal } from '#shared/seal.ts'
import type { Driver } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createOpening } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import { SECRET } from '../replication/cloud.ts'
import type { Weather } from '../replication/simulation/faulty.ts'
import { faultyDriver } from '../replication/simulation/faulty.ts'
import { createRandom } from '../replication/simulation/random.ts'
import type { Random } from '../replication/simulation/random.ts'
import type { Process } from '../replication/simulation/scheduler.ts'
import { createScheduler } from '../replication/simulation/scheduler.ts'
import { withGzipAtOnce } from './gzip-at-once.ts'
import { textAt, textsOf } from './moving.ts'

const NAMES = ['from', 'to', 'ledger'] as const
type Name = (typeof NAMES)[number]

const KEYS = ['a', 'b/1', 'b/2', 'c', 'd', 'e/ü', 'f']
const INSTANCES = 3
const VISIBILITY_MILLISECONDS = 300_000
const MOST_TURNS = 60_000
const PASSES = 4
/** Streams within streams take their time. */
const SETTLING = 4

interface Message {
  task: Task
  visibleAt: number
  attempts: number
}

interface World {
  random: Random
  weather: Weather
  messages: Message[]
  plain: Record<Name, Store>
  working: Set<Process>
  /** Of one who works on it, and may die; or of somebody who looks on. */
  instance(process?: Process): Promise<Engine>
  /** What anybody ever wrote at the source, by key: what this migration may have brought over. */
  brought: Map<string, Set<string>>
  /** What others last wrote at the destination, by key. */
  foreign: Map<string, string>
  texts: number
}

export function simulateMigration(seed: number): Promise<string[]> {
  return withGzipAtOnce(() => simulate(seed))
}

async function simulate(seed: number): Promise<string[]> {
  const world = createWorld(seed)
  const { random, plain, weather } = world
  await furnish(world)
  const before = await textsOf(plain.to)
  const { engine, id } = await begin(world)
  for (let act = 0; act < 60; act++) await something(world)
  const turnsBack = random.chance(0.4)
  if (turnsBack) await engine.pause(id, 'Somebody thought better of it.').catch(() => undefined)
  // Whoever is at work goes on dying; nobody writes any more.
  weather.bad = random.chance(0.5)
  if (!turnsBack) await drain(world, engine, id)
  weather.bad = false
  const problems = turnsBack ? [] : await arrive(world, engine, id)
  await goBack(world, engine, id)
  return [...problems, ...(await notAsBefore(world, before))]
}

let worlds = 0

function createWorld(seed: number): World {
  const random = createRandom(seed)
  const scheduler = createScheduler(random)
  const weather: Weather = { random, scheduler, bad: true, down: new Set(), deaths: 0 }
  const messages: Message[] = []
  const run = ++worlds
  const doors = Object.fromEntries(NAMES.map((name) => [name, openDoor(name)])) as Record<
    Name,
    ReturnType<typeof openDoor>
  >

  function openDoor(name: Name) {
    const platform = { env: {}, fileSystem: false, now: () => scheduler.now }
    const opening = createOpening(`memory:migrating-${run}-${name}`, platform, {
      ...{ name, retry: { attempts: 1 } },
      timeouts: { requestSeconds: 1e6, idleSeconds: 1e6, copySeconds: 1e6 },
      transfer: { multipartThresholdBytes: 64, concurrency: 2 },
    })
    const driver = createMemoryDriver(opening)
    return { driver, open: (one: Driver) => new Store({ opening, driver: async () => one }) }
  }

  const deliver = (tasks: readonly Task[], delaySeconds = 0): void => {
    for (const task of tasks) {
      messages.push({ task, visibleAt: scheduler.now + delaySeconds * 1000, attempts: 0 })
    }
  }

  async function instance(process?: Process): Promise<Engine> {
    const stores = Object.fromEntries(
      NAMES.map((name) => {
        const { driver, open } = doors[name]
        return [
          name,
          open(process ? consistent(faultyDriver(weather, process, name, driver), driver) : driver),
        ]
      }),
    ) as Record<Name, Store>
    const ledger = createLedger(stores.ledger)
    const now = () => scheduler.now
    const place: MigrationPlace = {
      ...{ workspace: '', stores: [], ledger, now, seal: createSeal([SECRET]) },
      store: (name) => stores[name as Name],
      prices: () => openPrices({ now }),
      send: async (tasks, { delaySeconds } = {}) => deliver(tasks, delaySeconds),
    }
    const kind = await migrateKind(place)
    return createEngine({
      ...{ workspace: '', ledger, kinds: ['migrate'], now, stepSeconds: 20 },
      kind: async () => kind,
      send: async (tasks, { delaySeconds } = {}) => {
        if (process?.dead !== true) deliver(tasks, delaySeconds)
      },
    })
  }

  const plain = Object.fromEntries(
    NAMES.map((name) => [name, doors[name].open(doors[name].driver)]),
  ) as Record<Name, Store>
  return {
    ...{ random, weather, messages, plain, instance, working: new Set() },
    ...{ brought: new Map(), foreign: new Map(), texts: 0 },
  }
}

/** No cloud lists what is not so any more: https://aws.amazon.com/s3/consistency/ */
function consistent(faulty: Driver, inner: Driver): Driver {
  return { ...faulty, list: async (options) => (await faulty.list(options)) && inner.list(options) }
}

/** Some of it large enough for parts, some of it the same at both ends, some of it somebody else's. */
async function furnish(world: World): Promise<void> {
  const { random, plain } = world
  for (const key of KEYS) {
    if (random.chance(0.8)) await writeSource(world, key)
    if (random.chance(0.3)) await plain.to.put(key, newText(world), { contentType: 'text/theirs' })
    else if (random.chance(0.2) && (await plain.from.find(key))) {
      await plain.to.put(key, await textAt(plain.from, key))
    }
  }
  await plain.to.put('theirs', newText(world))
}

function newText(world: World): string {
  return `text ${++world.texts} `.padEnd(world.random.chance(0.2) ? 150 : 8, '.')
}

async function writeSource(world: World, key: string): Promise<void> {
  const text = newText(world)
  const all = world.brought.get(key) ?? new Set()
  world.brought.set(key, all.add(text))
  await world.plain.from.put(key, text)
}

async function begin(world: World): Promise<{ engine: Engine; id: string }> {
  const { weather } = world
  weather.bad = false
  const engine = await world.instance()
  const input = { from: { store: 'from' }, to: { store: 'to' }, parts: 2, transfers: 3 }
  const { id } = await engine.start('migrate', input)
  await drain(world, engine, id)
  await engine.command(id, 'start')
  weather.bad = true
  return { engine, id }
}

/** One thing that happens, whatever comes first. */
async function something(world: World): Promise<void> {
  const { random, plain, weather, working } = world
  const key = random.pick(KEYS)
  const what = random.below(100)
  if (what < 4) await writeSource(world, key)
  else if (what < 6) await plain.from.delete(key)
  else if (what < 9) {
    const text = newText(world)
    world.foreign.set(key, text)
    await plain.to.put(key, text)
  } else if (what < 12 && working.size > 0) {
    const process = random.pick([...working])
    weather.deaths++
    weather.scheduler.kill(process)
    working.delete(process)
  } else for (let turn = 0; turn < 12; turn++) await turnOf(world)
}

/** False when nobody has anything to do. */
async function turnOf(world: World): Promise<boolean> {
  const { weather, messages } = world
  const { scheduler } = weather
  for (let round = 0; round < SETTLING; round++) await scheduler.settle()
  if (receive(world)) await scheduler.settle()
  else if (scheduler.isWaiting()) await scheduler.release()
  else if (isBusy(world)) await setTimeout(1)
  else if (messages.length > 0) {
    const next = Math.min(...messages.map(({ visibleAt }) => visibleAt))
    scheduler.now += Math.max(next - scheduler.now, 1)
  } else return false
  return true
}

/** Somebody computes, such as what is compressed on another thread, and will ask for something or end. */
function isBusy({ working }: World): boolean {
  for (const process of working) if (process.dead) working.delete(process)
  return working.size > 0
}

function receive(world: World): boolean {
  const { messages, random, weather, working } = world
  const { scheduler } = weather
  for (const process of working) if (process.dead) working.delete(process)
  if (working.size >= INSTANCES) return false
  const due = messages.filter(({ visibleAt }) => visibleAt <= scheduler.now)
  if (due.length === 0) return false
  const message = random.pick(due)
  message.attempts++
  message.visibleAt = scheduler.now + VISIBILITY_MILLISECONDS
  const process = scheduler.begin()
  working.add(process)
  void work(world, process, message).finally(() => working.delete(process))
  return true
}

async function work(world: World, process: Process, message: Message): Promise<void> {
  const { messages, weather } = world
  const { attempts } = message
  const engine = await world.instance(process)
  const fields = jobFields.parse(message.task)
  const isMine = () => message.attempts === attempts && messages.includes(message)
  try {
    const tasks = await engine.step(fields, attempts)
    if (!isMine()) return
    messages.splice(messages.indexOf(message), 1)
    const visibleAt = weather.scheduler.now
    messages.push(...tasks.map((task) => ({ task, visibleAt, attempts: 0 })))
  } catch (error) {
    if (!isMine()) return
    const isFinal = !(error instanceof StorageError) || error.retry === 'never'
    if (!isFinal) message.visibleAt = weather.scheduler.now + 1000
    else {
      const told = await engine
        .failed(fields, { reason: String(error), givenUp: true })
        .catch(() => false)
      if (told) messages.splice(messages.indexOf(message), 1)
    }
  }
}

/** Until it rests, and nobody is at work on it. */
async function drain(world: World, engine: Engine, id: string): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    if (await turnOf(world)) continue
    const { state } = await engine.view(id)
    if (state === 'running') {
      world.weather.scheduler.now += 3_600_000
      send(world, await engine.watch())
    } else if (state === 'paused') await engine.resume(id)
    else return
  }
  throw new Error('the migration never rests')
}

function send({ messages, weather }: World, tasks: readonly Task[]): void {
  const visibleAt = weather.scheduler.now
  messages.push(...tasks.map((task) => ({ task, visibleAt, attempts: 0 })))
}

/** In fine weather, pass after pass, until the destination holds what the source does. */
async function arrive(world: World, engine: Engine, id: string): Promise<string[]> {
  const { plain } = world
  for (let pass = 0; pass < PASSES; pass++) {
    await engine.command(id, 'start')
    await drain(world, engine, id)
    const { phases } = await engine.view(id)
    const { behind = 0, wrong = 0 } = phases.at(-1)?.tally ?? {}
    if (behind + wrong > 0) continue
    return differences(await textsOf(plain.from), await textsOf(plain.to))
  }
  const { phases } = await engine.view(id)
  return [`it never agrees: ${JSON.stringify(phases.at(-1)?.tally)}`]
}

function differences(source: Record<string, string>, target: Record<string, string>): string[] {
  return Object.entries(source).flatMap(([key, text]) =>
    target[key] === text
      ? []
      : [`${key} is ${String(target[key])} at the destination, not ${text}`],
  )
}

async function goBack(world: World, engine: Engine, id: string): Promise<void> {
  const { weather, random } = world
  await engine.command(id, 'rollback')
  weather.bad = true
  for (let turn = random.below(300); turn > 0; turn--) await turnOf(world)
  weather.bad = false
  await drain(world, engine, id)
}

/** What was there before, and what others have written there since. */
async function notAsBefore(world: World, before: Record<string, string>): Promise<string[]> {
  const { plain, foreign, brought } = world
  const after = await textsOf(plain.to)
  const aside = Object.values(await textsOf(plain.to.reserved()))
  const wanted: Record<string, string> = { ...before, ...Object.fromEntries(foreign) }
  const keys = new Set([...Object.keys(after), ...Object.keys(wanted)])
  return [...keys].flatMap((key) => {
    if (after[key] === wanted[key]) return []
    // Whoever was killed between a write and its record cannot tell his own from another's, once the source has changed:
    // what there was is kept aside in any case, and told of.
    const isUnsure = brought.get(key)?.has(after[key]!) === true
    const text = wanted[key]
    if (text === undefined ? isUnsure : (isUnsure || foreign.has(key)) && aside.includes(text))
      return []
    return [`after the rollback ${key} is ${String(after[key])}, and was ${String(wanted[key])}`]
  })
}
