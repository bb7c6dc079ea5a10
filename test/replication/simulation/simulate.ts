// One seeded run: clients and function instances interleaved request by request in bad weather; then fine
// weather until the queue is empty; then what is there is held against what was told. Every problem is a
// sentence; none is what is hoped for.

import type { CompletedObject } from '#shared/client/protocol.ts'
import type { Task } from '#shared/platform.ts'
import type { Kept, StoreName, World } from './world.ts'
import { createWorld, placeOf, resyncOf } from './world.ts'
import type { Process } from './scheduler.ts'

const KEYS = ['a', 'b/ü', 'c']
const CLIENT_ACTIONS = 30
const INSTANCES = 6
const VISIBILITY_MILLISECONDS = 120_000
/** No function of any platform runs longer. */
const LONGEST_MILLISECONDS = 900_000
/** More would be a loop. */
const MOST_STEPS = 20_000

interface Run extends World {
  /** Fewer make more quarrels. */
  keys: readonly string[]
  working: Set<Process>
  contents: number
  /** What others than Skein put at a replica. */
  foreign: { store: StoreName; key: string; text: string }[]
  /** Keys that somebody asked Skein to delete. */
  removed: Set<string>
  /** What was last put at the primary, until somebody deletes it or it is lost. */
  written: Map<string, string>
  /** Copies of what the primary lost, by `placeOf`; and the change that the loss was. */
  vanished: Map<string, { text: string; change: number | undefined }>
}

export async function simulate(seed: number): Promise<string[]> {
  const world = createWorld(seed)
  const run: Run = {
    ...{ ...world, keys: KEYS.slice(0, 1 + world.random.below(3)) },
    ...{ working: new Set(), contents: 0, foreign: [] },
    ...{ removed: new Set(), vanished: new Map(), written: new Map() },
  }
  await badWeather(run)
  run.weather.bad = false
  await drain(run)
  const early = await disagreements(run, true)
  for (const to of ['west', 'east'] as const) run.messages.push(message(run, resyncOf(to)))
  await drain(run)
  const late = await disagreements(run, false)
  const lost = await lostVersions(run)
  return [
    ...early.map((problem) => `before a resync: ${problem}`),
    ...late.map((problem) => `after a resync: ${problem}`),
    ...lost,
    ...(await goneWithTheTruth(run)),
    ...(await lostWrites(run)),
  ]
}

async function badWeather(run: Run): Promise<void> {
  const { random, scheduler } = run
  let left = CLIENT_ACTIONS
  for (let step = 0; step < MOST_STEPS; step++) {
    const mayAct = left > 0 && random.chance(0.08)
    if (mayAct) {
      left -= 1
      await act(run)
    } else if (receive(run)) {
      await scheduler.settle()
    } else if (scheduler.isWaiting()) {
      await scheduler.release()
    } else if (left === 0 && run.messages.length === 0) {
      return
    }
    // Time goes by, and what was in hand for too long comes again.
    if (random.chance(0.02)) advance(run, random.below(60_000))
    if (left === 0 && random.chance(0.02)) return
    if (!scheduler.isWaiting() && left > 0) advance(run, random.below(1000))
  }
  throw new Error('the storm does not end')
}

/** Until nothing waits any more, however long it was to wait, and what was set aside has been replayed. */
async function drain(run: Run): Promise<void> {
  const { scheduler, messages } = run
  for (let step = 0; step < MOST_STEPS; step++) {
    if (receive(run)) await scheduler.settle()
    else if (scheduler.isWaiting()) await scheduler.release()
    else if (messages.length > 0) advance(run, timeToNext(run))
    else if (!(await replayed(run))) return
  }
  throw new Error('the queue never becomes empty')
}

function timeToNext({ messages, scheduler }: Run): number {
  return Math.max(Math.min(...messages.map(({ visibleAt }) => visibleAt)) - scheduler.now, 1)
}

function advance(run: Run, milliseconds: number): void {
  const { scheduler, working } = run
  scheduler.now += milliseconds
  for (const process of working) {
    if (scheduler.now - process.beganAt < LONGEST_MILLISECONDS) continue
    scheduler.kill(process)
    working.delete(process)
  }
}

/** Hands a message that is due to an instance; false where there is none, or nobody is free. */
function receive(run: Run): boolean {
  const { messages, scheduler, random, working } = run
  for (const process of working) if (process.dead) working.delete(process)
  if (working.size >= INSTANCES) return false
  const due = messages.filter(({ visibleAt }) => visibleAt <= scheduler.now)
  if (due.length === 0) return false
  const taken = random.pick(due)
  taken.attempts += 1
  taken.visibleAt = scheduler.now + VISIBILITY_MILLISECONDS
  const process = scheduler.begin()
  working.add(process)
  void work(run, process, taken).finally(() => working.delete(process))
  return true
}

async function work(run: Run, process: Process, taken: Kept): Promise<void> {
  const { messages, scheduler } = run
  const { attempts } = taken
  const { consume } = run.start(process)
  const body = JSON.stringify(taken.task)
  const [outcome] = await consume([{ id: 'm', body, attempt: attempts }])
  // Somebody else has it by now.
  if (taken.attempts !== attempts || !messages.includes(taken)) return
  if (outcome?.result === 'retry') {
    taken.visibleAt = scheduler.now + outcome.afterSeconds * 1000
    return
  }
  messages.splice(messages.indexOf(taken), 1)
  if (outcome?.result === 'set-aside') run.setAside.push(taken.task)
}

function message({ scheduler }: Run, task: Task): Kept {
  return { task, visibleAt: scheduler.now, attempts: 0 }
}

/** What the platform's queue and the ledger have set aside; false where there is nothing. */
async function replayed(run: Run): Promise<boolean> {
  const { setAside, messages, plain, scheduler } = run
  const tasks = setAside.splice(0)
  messages.push(...tasks.map((task) => message(run, task)))
  const { objects } = await plain.main
    .reserved()
    .list({ prefix: '.skein/replication/app/set-aside/' })
  if (objects.length > 0) {
    const { replication } = run.start(scheduler.begin())
    const replaying = replication.replay({})
    while (!(await isDone(replaying))) await scheduler.release()
  }
  return messages.length > 0
}

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const first = await Promise.race([promise, new Promise((go) => setImmediate(() => go(pending)))])
  return first !== pending
}

type Act = (run: Run, key: string) => Promise<void>

async function act(run: Run): Promise<void> {
  const { random } = run
  const acts: Act[] = [
    upload,
    upload,
    upload,
    putDirectly,
    removeByApi,
    removeDirectly,
    intrude,
    vanish,
  ]
  await random.pick(acts)(run, random.pick(run.keys))
}

/** Some are copied in one request, some in parts. */
function newContent(run: Run): string {
  run.contents += 1
  return `content ${run.contents} `.padEnd(run.random.chance(0.3) ? 100 : 1, '.')
}

/** By a signed URL; the completion is another instance's, and may fail or die. */
async function upload(run: Run, key: string): Promise<void> {
  const text = newContent(run)
  const info = await run.plain.main.put(key, text)
  run.written.set(key, text)
  const change = run.changes.get(key)
  const object: CompletedObject = {
    ...{ key, store: 'main', size: text.length, etag: info.etag },
    completedAt: new Date(run.scheduler.now).toISOString(),
  }
  const { replication } = run.start(run.scheduler.begin())
  void replication
    .accepted(object)
    .catch(() => undefined)
    .then(() => replication.settled(object))
    .then(() => acknowledge(run, key, change))
    .catch(() => undefined)
}

function acknowledge(run: Run, key: string, change: number | undefined): void {
  if (run.changes.get(key) === change) run.told.set(key, true)
}

async function putDirectly(run: Run, key: string): Promise<void> {
  const text = newContent(run)
  await run.plain.main.put(key, text)
  run.written.set(key, text)
}

async function removeByApi(run: Run, key: string): Promise<void> {
  run.removed.add(key)
  run.written.delete(key)
  const before = run.changes.get(key) ?? 0
  const { replication } = run.start(run.scheduler.begin())
  void replication
    .remove(key, {})
    // Its own deletion, and nothing else since.
    .then(({ stores: [primary] }) => primary?.deleted && acknowledge(run, key, before + 1))
    .catch(() => undefined)
}

async function removeDirectly(run: Run, key: string): Promise<void> {
  await run.plain.main.delete(key)
  run.written.delete(key)
}

async function vanish(run: Run, key: string): Promise<void> {
  const text = await textAt(run, 'main', key)
  if (text === undefined) return
  await run.vanish(key)
  run.written.delete(key)
  const change = run.changes.get(key)
  for (const store of ['west', 'east'] as const) {
    const isCopy = (await textAt(run, store, key)) === text
    if (isCopy) run.vanished.set(placeOf(store, key), { text, change })
  }
}

async function intrude(run: Run, key: string): Promise<void> {
  const store = run.random.pick(['west', 'east'] as const)
  const text = newContent(run)
  run.foreign.push({ store, key, text })
  await run.plain[store].put(key, text)
}

/** What was put at the primary is there, or has been kept aside for another's version. */
async function lostWrites(run: Run): Promise<string[]> {
  const kept = new Set<string>()
  const reserved = run.plain.main.reserved()
  for await (const { key } of reserved.listAll()) {
    const found = await reserved.get(key)
    kept.add(await new Response(found.body).text())
  }
  const written = [...run.written].filter(([key]) => !run.removed.has(key))
  return written
    .filter(([, text]) => !kept.has(text))
    .map(([key, text]) => `${text} was put at ${key} and is nowhere any more`)
}

/** The last copy of what the primary has lost stays. */
async function goneWithTheTruth(run: Run): Promise<string[]> {
  const problems: string[] = []
  for (const key of run.keys.filter((one) => !run.removed.has(one))) {
    for (const store of ['west', 'east'] as const) {
      const vanished = run.vanished.get(placeOf(store, key))
      if (vanished === undefined || vanished.change !== run.changes.get(key)) continue
      if ((await textAt(run, store, key)) !== undefined) continue
      problems.push(`${store} deleted ${vanished.text} at ${key}, which main had lost`)
    }
  }
  return problems
}

async function textAt(run: Run, store: StoreName, key: string): Promise<string | undefined> {
  const found = await run.plain[store].get(key).catch(() => undefined)
  return found && new Response(found.body).text()
}

/** Before a resync only what somebody told of can be right. */
async function disagreements(run: Run, toldAlone: boolean): Promise<string[]> {
  const problems: string[] = []
  for (const key of run.keys.filter((one) => !toldAlone || run.told.get(one))) {
    const truth = await textAt(run, 'main', key)
    for (const store of ['west', 'east'] as const) {
      const copy = await textAt(run, store, key)
      if (copy === truth || (toldAlone && isUnseen(run, store, key, copy))) continue
      if (truth === undefined && (await isExcused(run, store, key, copy))) continue
      problems.push(`${store} has ${String(copy)} at ${key}, and main ${String(truth)}`)
    }
  }
  return problems
}

/** A stranger's, and the event of it was lost. */
function isUnseen(run: Run, store: StoreName, key: string, copy: string | undefined): boolean {
  const strange = run.foreign.some(({ text }) => text === copy)
  return strange && run.seen.get(placeOf(store, key)) === false
}

/** A stranger's object is never touched; what vanished without a sign is a finding for a person. */
async function isExcused(
  run: Run,
  store: StoreName,
  key: string,
  copy: string | undefined,
): Promise<boolean> {
  if (run.foreign.some(({ text }) => text === copy)) return true
  if (run.told.get(key)) return false
  const { replication } = run.start(run.scheduler.begin())
  const asking = replication.status()
  while (!(await isDone(asking))) await run.scheduler.release()
  const { problems } = await asking
  return problems.some(
    (one) => one.kind === 'bare-absence' && one.store === store && one.key === key,
  )
}

/** A stranger's version that gave way must be somewhere; in East nothing can be held to what was seen. */
async function lostVersions(run: Run): Promise<string[]> {
  const kept = new Set<string>()
  const reserved = run.plain.west.reserved()
  for await (const { key } of reserved.listAll()) {
    const found = await reserved.get(key)
    kept.add(await new Response(found.body).text())
  }
  const ofWest = run.foreign.filter(({ store }) => store === 'west')
  const last = new Map(ofWest.map((one) => [one.key, one]))
  return [...last.values()]
    .filter(({ key, text }) => !run.removed.has(key) && !kept.has(text))
    .map(({ store, key, text }) => `${text} was at ${key} in ${store} and is nowhere any more`)
}
