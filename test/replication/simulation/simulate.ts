// One seeded run: clients and function instances interleaved request by request in bad weather; then fine
// weather until the queue is empty; then what is there is held against what was told. Every problem is a
// sentence; none is what is hoped for.

import type { CompletedObject } from '#shared/client/protocol.ts'
import { createExpected } from './expected.ts'
import { migrate } from './migrating.ts'
import { comeHome, lateStore, move, outage, watch } from './moves.ts'
import { failInPeace, probe, wrongMoves } from './probes.ts'
import type { Run } from './run.ts'
import { MOST_STEPS, advance, drain, isDone, message, receive } from './run.ts'
import type { StoreName } from './world.ts'
import { createWorld, placeOf, resyncOf } from './world.ts'

const KEYS = ['a', 'b/ü', 'c']
const CLIENT_ACTIONS = 30
/** A comparison of which nothing has been heard for so long is begun anew. */
const COMPARISON_DEAD_MILLISECONDS = 1_800_000

export interface Options {
  /** Somebody moves the whole workspace to another of its stores, and may change his mind. */
  migrates?: true
}

export async function simulate(seed: number, { migrates }: Options = {}): Promise<string[]> {
  const world = createWorld(seed, migrates && { mayMove: true })
  const run: Run = {
    ...{ ...world, keys: KEYS.slice(0, 1 + world.random.below(3)) },
    ...{ working: new Set(), contents: 0, foreign: [] },
    ...{ removed: new Set(), vanished: new Map(), written: new Map(), migrates },
    ...{ expected: createExpected(), givenUp: new Set() },
  }
  await badWeather(run)
  run.weather.bad = false
  run.weather.down.clear()
  await drain(run)
  const early = run.moves ? await afterMoves(run) : await disagreements(run, true)
  for (const to of ['west', 'east'] as const) run.messages.push(message(run, resyncOf(to)))
  await drain(run)
  const late = await disagreements(run, false)
  const lost = await lostVersions(run)
  return [
    ...early.map((problem) => `before a resync: ${problem}`),
    ...(await unexpected(run)),
    ...late.map((problem) => `after a resync: ${problem}`),
    ...lost,
    ...(await goneWithTheTruth(run)),
    ...(await lostWrites(run)),
  ]
}

/** When all stores answer, wherever the truth is; and at home again. */
async function afterMoves(run: Run): Promise<string[]> {
  // Whoever died when he had noted a comparison, and not sent it yet, is taken for alive until then.
  advance(run, COMPARISON_DEAD_MILLISECONDS)
  await watch(run)
  await drain(run)
  const abroad = await unexpected(run)
  return [
    ...abroad.map((problem) => `while ${run.truth()} was the truth: ${problem}`),
    ...(run.isAutomatic ? await failInPeace(run) : []),
    ...wrongMoves(run),
    ...(await comeHome(run, () => drain(run))),
  ]
}

function unexpected(run: Run): Promise<string[]> {
  return run.expected.problems(
    (store, key) => textAt(run, store, key),
    (text) => run.foreign.some((one) => one.text === text),
    { truth: run.truth(), moving: run.moving },
  )
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
    if (random.chance(0.01)) run.weather.down.clear()
    // Time goes by, and what was in hand for too long comes again.
    if (random.chance(0.02)) advance(run, random.below(60_000))
    if (left === 0 && random.chance(0.02)) return
    if (!scheduler.isWaiting() && left > 0) advance(run, random.below(1000))
  }
  throw new Error('the storm does not end')
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
    ...(run.moves ? [move, outage, watch, uploadLate] : [vanish]),
    ...(run.isAutomatic ? [probe, probe] : []),
    ...(run.migrates ? [migrate, migrate, uploadLate] : []),
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
  if (!run.weather.down.has(run.truth())) await uploadTo(run, run.truth(), key)
}

/** By a URL that was signed before the truth moved. */
async function uploadLate(run: Run, key: string): Promise<void> {
  const store = await lateStore(run)
  if (store !== undefined && !run.weather.down.has(store)) await uploadTo(run, store, key)
}

/** What somebody overwrites or deletes where it is the truth is nobody's loss. */
async function giveUp(run: Run, store: StoreName, key: string): Promise<void> {
  if (!run.moves) return
  const there = await textAt(run, store, key)
  if (there !== undefined) run.givenUp.add(there)
}

async function uploadTo(run: Run, store: StoreName, key: string): Promise<void> {
  await giveUp(run, store, key)
  const text = newContent(run)
  const info = await run.plain[store].put(key, text)
  run.written.set(key, text)
  const { expected, scheduler } = run
  if (store === run.truth()) expected.wrote(key, text, scheduler.now)
  else expected.wroteLate(key, scheduler.now)
  const change = run.changes.get(key)
  const object: CompletedObject = {
    ...{ key, store, size: text.length, etag: info.etag },
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
  if (run.weather.down.has(run.truth())) return
  await giveUp(run, run.truth(), key)
  const text = newContent(run)
  await run.plain[run.truth()].put(key, text)
  run.written.set(key, text)
  run.expected.wrote(key, text, run.scheduler.now)
}

async function removeByApi(run: Run, key: string): Promise<void> {
  run.removed.add(key)
  run.written.delete(key)
  const before = run.changes.get(key) ?? 0
  const removing = run.expected.removing(key)
  const { replication } = run.start(run.scheduler.begin())
  void replication
    .remove(key, {})
    // Its own deletion, and nothing else since.
    .then(({ stores: [primary] }) => {
      if (primary?.deleted) acknowledge(run, key, before + 1)
      if (primary?.deleted) removing.done()
      return undefined
    })
    .catch(() => undefined)
}

async function removeDirectly(run: Run, key: string): Promise<void> {
  if (run.weather.down.has(run.truth())) return
  await giveUp(run, run.truth(), key)
  await run.plain[run.truth()].delete(key)
  run.written.delete(key)
  run.expected.doubt(key)
}

async function vanish(run: Run, key: string): Promise<void> {
  const text = await textAt(run, 'main', key)
  if (text === undefined) return
  run.expected.doubt(key)
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
  if (store === run.truth() || run.weather.down.has(store)) return
  const there = await textAt(run, store, key)
  // What had not been copied when it was overwritten where it lay.
  if (run.moves && run.written.get(key) === there) run.written.delete(key)
  const text = newContent(run)
  run.expected.doubt(key)
  run.foreign.push({ store, key, text })
  await run.plain[store].put(key, text)
}

/** What was put at the primary is there, or has been kept aside for another's version. */
async function lostWrites(run: Run): Promise<string[]> {
  const stores = run.moves ? (['main', 'west', 'east'] as const) : (['main'] as const)
  const kept = await allTexts(run, stores)
  const written = [...run.written].filter(([key]) => !run.removed.has(key))
  return written
    .filter(([, text]) => !kept.has(text))
    .map(([key, text]) => `${text} was put at ${key} and is nowhere any more`)
}

async function allTexts(run: Run, stores: readonly StoreName[]): Promise<Set<string>> {
  const texts = new Set<string>()
  for (const store of stores) {
    const reserved = run.plain[store].reserved()
    for await (const { key } of reserved.listAll()) {
      const found = await reserved.get(key)
      texts.add(await new Response(found.body).text())
    }
  }
  return texts
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
  if (!run.moves && run.told.get(key)) return false
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
  const kept = await allTexts(run, run.moves ? ['main', 'west'] : ['west'])
  const ofWest = run.foreign.filter(({ store }) => store === 'west')
  const last = new Map(ofWest.map((one) => [one.key, one]))
  return [...last.values()]
    .filter(({ key, text }) => !run.removed.has(key) && !kept.has(text))
    .filter(({ text }) => !run.givenUp.has(text))
    .map(({ store, key, text }) => `${text} was at ${key} in ${store} and is nowhere any more`)
}
