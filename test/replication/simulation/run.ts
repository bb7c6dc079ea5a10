// One run under way: the messages of the queue handed to function instances, which die, are killed when they take
// too long, and are given again what they did not end.

import type { Task } from '#shared/platform.ts'
import type { Expected } from './expected.ts'
import type { Process } from './scheduler.ts'
import type { Kept, StoreName, World } from './world.ts'

const INSTANCES = 6
const VISIBILITY_MILLISECONDS = 120_000
/** No function of any platform runs longer. */
const LONGEST_MILLISECONDS = 900_000
/** More would be a loop. */
export const MOST_STEPS = 20_000

export interface Run extends World {
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
  expected: Expected
  /** What was overwritten, or deleted, where it was the truth. */
  givenUp: Set<string>
  /** A whole workspace moves now and then. */
  migrates?: true | undefined
}

/** Until nothing waits any more, however long it was to wait, and what was set aside has been replayed. */
export async function drain(run: Run): Promise<void> {
  const { scheduler, messages } = run
  for (let step = 0; step < MOST_STEPS; step++) {
    if (receive(run)) await scheduler.settle()
    else if (scheduler.isWaiting()) await scheduler.release()
    else if (messages.length > 0) advance(run, timeToNext(run))
    else if (!(await replayed(run))) return
  }
  throw new Error('the queue never becomes empty')
}

/** Until that one is done, whatever else has to wait, as for a store that is down. */
export async function carryOut(run: Run, one: Kept): Promise<void> {
  const { scheduler, messages } = run
  messages.push(one)
  for (let step = 0; step < MOST_STEPS && messages.includes(one); step++) {
    if (receive(run)) await scheduler.settle()
    else if (scheduler.isWaiting()) await scheduler.release()
    else advance(run, timeToNext(run))
  }
  if (messages.includes(one)) throw new Error(`${one.task.kind} is never done`)
}

function timeToNext({ messages, scheduler }: Run): number {
  return Math.max(Math.min(...messages.map(({ visibleAt }) => visibleAt)) - scheduler.now, 1)
}

export function advance(run: Run, milliseconds: number): void {
  const { scheduler, working } = run
  scheduler.now += milliseconds
  for (const process of working) {
    if (scheduler.now - process.beganAt < LONGEST_MILLISECONDS) continue
    scheduler.kill(process)
    working.delete(process)
  }
}

/** Hands a message that is due to an instance; false where there is none, or nobody is free. */
export function receive(run: Run): boolean {
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

export function message({ scheduler }: Run, task: Task): Kept {
  return { task, visibleAt: scheduler.now, attempts: 0 }
}

/** What the platform's queue and the ledger have set aside; false where there is nothing. */
async function replayed(run: Run): Promise<boolean> {
  const { setAside, messages, ledger, scheduler } = run
  const tasks = setAside.splice(0)
  messages.push(...tasks.map((task) => message(run, task)))
  const { objects } = await ledger.reserved().list({ prefix: '.skein/replication/app/set-aside/' })
  if (objects.length > 0) {
    const { replication } = run.start(scheduler.begin())
    const replaying = replication.replay({})
    while (!(await isDone(replaying))) await scheduler.release()
  }
  return messages.length > 0
}

export async function isDone(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const first = await Promise.race([promise, new Promise((go) => setImmediate(() => go(pending)))])
  return first !== pending
}
