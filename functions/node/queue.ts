// The embedded queue: what the clouds' queues do, in a table. A task that was sent is there until it is done
// or set aside; one in hand belongs to its process for a term, and is free again when that process is dead.

import type { DatabaseSync } from 'node:sqlite'
import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { queueOver } from '#shared/jobs/queue.ts'
import type { Queue } from '#shared/platform.ts'
import { lifeOf, ownIdentity, parseIdentity } from '#shared/storage/providers/file/processes.ts'
import { transaction } from './database.ts'

export interface SetAside {
  body: string
  attempts: number
  reason: string
  /** Milliseconds since the epoch. */
  at: number
}

export interface EmbeddedQueue extends Queue {
  /** Takes what is due, oldest first. */
  receive(limit: number): Message[]
  /** Keeps these in hand for another term. */
  prolong(messages: Iterable<Message>): void
  /** Does nothing for a message that somebody else has taken since. */
  settle(message: Message, outcome: Outcome): void
  /** When the next one is due, or free again. */
  nextAt(): number | undefined
  setAside(): SetAside[]
  /** Told after each send of this process. */
  onSent(listener: () => void): void
}

export const TERM_SECONDS = 120

/** More than the suite's own count, which a task that ends its process never comes to. */
export const MAX_RECEIVED = 20

const DEADLY: Outcome = {
  result: 'set-aside',
  reason: `Taken in hand ${MAX_RECEIVED} times, it never came to an end: it may be what ended the process.`,
}

const SQL = {
  send: 'INSERT INTO tasks (body, visible_at) VALUES (?, ?)',
  receive: `UPDATE tasks SET attempts = attempts + 1, visible_at = ?, holder = ? WHERE id IN
    (SELECT id FROM tasks WHERE visible_at <= ? ORDER BY visible_at, id LIMIT ?)
    RETURNING id, body, attempts`,
  prolong: 'UPDATE tasks SET visible_at = ? WHERE id = ? AND attempts = ?',
  done: 'DELETE FROM tasks WHERE id = ? AND attempts = ?',
  retry: 'UPDATE tasks SET visible_at = ?, holder = NULL WHERE id = ? AND attempts = ?',
  setAside: `INSERT OR IGNORE INTO set_aside (id, body, attempts, reason, at)
    SELECT id, body, attempts, ?, ? FROM tasks WHERE id = ? AND attempts = ?`,
  nextAt: 'SELECT min(visible_at) AS at FROM tasks',
  listSetAside: 'SELECT body, attempts, reason, at FROM set_aside ORDER BY id',
  holders: 'SELECT DISTINCT holder FROM tasks WHERE holder IS NOT NULL',
  release: 'UPDATE tasks SET visible_at = ?, holder = NULL WHERE holder = ?',
} as const

export async function openQueue(
  database: DatabaseSync,
  now: () => number = Date.now,
): Promise<EmbeddedQueue> {
  const statements = prepare(database)
  const holder = JSON.stringify(await ownIdentity())
  const listeners: (() => void)[] = []
  await releaseOfTheDead(statements, now())

  const queue = queueOver(LIMITS, async (bodies, delaySeconds) => {
    const visibleAt = now() + delaySeconds * 1000
    transaction(database, () => bodies.forEach((body) => statements.send.run(body, visibleAt)))
    for (const listener of listeners) listener()
  })

  function settle({ id, attempt }: Message, outcome: Outcome): void {
    const held = [Number(id), attempt] as const
    if (outcome.result === 'done') statements.done.run(...held)
    else if (outcome.result === 'retry') {
      statements.retry.run(now() + outcome.afterSeconds * 1000, ...held)
    } else {
      transaction(database, () => {
        statements.setAside.run(outcome.reason, now(), ...held)
        statements.done.run(...held)
      })
    }
  }

  return {
    ...queue,
    settle,
    receive(limit) {
      const at = now()
      const rows = statements.receive.all(at + TERM_SECONDS * 1000, holder, at, limit)
      const received = rows.map(({ id, body, attempts }) => {
        return { id: String(id), body: String(body), attempt: Number(attempts) }
      })
      for (const one of received) if (one.attempt > MAX_RECEIVED) settle(one, DEADLY)
      return received.filter(({ attempt }) => attempt <= MAX_RECEIVED)
    },
    prolong(messages) {
      const until = now() + TERM_SECONDS * 1000
      for (const { id, attempt } of messages) statements.prolong.run(until, Number(id), attempt)
    },
    nextAt() {
      const at = statements.nextAt.get()?.['at']
      return typeof at === 'number' ? at : undefined
    },
    setAside: () =>
      statements.listSetAside.all().map(({ body, attempts, reason, at }) => ({
        ...{ body: String(body), attempts: Number(attempts) },
        ...{ reason: String(reason), at: Number(at) },
      })),
    onSent: (listener) => void listeners.push(listener),
  }
}

/** One transaction holds them all. */
const LIMITS = { messages: 1000, bytes: Number.POSITIVE_INFINITY }

type Statements = Record<keyof typeof SQL, ReturnType<DatabaseSync['prepare']>>

function prepare(database: DatabaseSync): Statements {
  const prepared = Object.entries(SQL).map(([name, text]) => [name, database.prepare(text)])
  return Object.fromEntries(prepared) as Statements
}

/** What a process had in hand when it died need not wait for the end of its term. */
async function releaseOfTheDead(statements: Statements, at: number): Promise<void> {
  for (const { holder } of statements.holders.all()) {
    const identity = parseIdentity(String(holder))
    const dead = identity === undefined || (await lifeOf(identity)) === 'dead'
    if (dead) statements.release.run(at, holder ?? null)
  }
}
