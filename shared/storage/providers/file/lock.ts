// One writer of a key at a time, among all processes that use the folder. A lock is a hard link of its
// holder's identity, so taking it is one atomic call. A lock whose holder is dead is removed, but only under
// a lock of its own, or two who find it dead would remove each other's. Where life cannot be known, a lock
// counts as dead after it has not moved for a time, on the observer's own clock.

import { link, readFile, stat, unlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode, unless } from './faults.ts'
import { lifeOf, parseIdentity } from './processes.ts'

const LONGEST_SILENCE_MILLISECONDS = 30_000
const LONGEST_PAUSE_MILLISECONDS = 16

/** What this process waits for by itself, without touching the disk. */
const queues = new Map<string, Promise<unknown>>()

export async function withLock<T>(
  /** The file that says who we are. */
  identity: string,
  path: string,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(async () => {
    await acquire(identity, path, signal)
    try {
      return await run()
    } finally {
      await unless(['ENOENT'], unlink(path))
    }
  })
  const settled = turn.then(
    () => undefined,
    () => undefined,
  )
  queues.set(path, settled)
  try {
    return await turn
  } finally {
    if (queues.get(path) === settled) queues.delete(path)
  }
}

async function acquire(identity: string, path: string, signal: AbortSignal): Promise<void> {
  const silence = new Silence()
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)) {
    signal.throwIfAborted()
    try {
      await link(identity, path)
      return
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
    if (await isAbandoned(path, silence)) await removeAbandoned(identity, path, silence, signal)
    else await delay(Math.random() * pause, undefined, { signal })
  }
}

async function removeAbandoned(
  identity: string,
  path: string,
  silence: Silence,
  signal: AbortSignal,
): Promise<void> {
  const above = `${path}~`
  await acquire(identity, above, signal)
  try {
    if (await isAbandoned(path, silence)) await unless(['ENOENT'], unlink(path))
  } finally {
    await unless(['ENOENT'], unlink(above))
  }
}

async function isAbandoned(path: string, silence: Silence): Promise<boolean> {
  const text = await unless(['ENOENT'], readFile(path, 'utf8'))
  if (text === undefined) return false
  const identity = parseIdentity(text)
  const life = identity ? await lifeOf(identity) : 'unknown'
  if (life !== 'unknown') return life === 'dead'
  // Each lock that its process takes or gives back changes the times of the one file they are links of.
  const times = await unless(['ENOENT'], stat(path, { bigint: true }))
  return times !== undefined && silence.lasts(`${text} ${times.ctimeNs}`)
}

/** How long the same thing has been seen. */
class Silence {
  #seen = ''
  #since = 0

  lasts(seen: string): boolean {
    if (seen !== this.#seen) {
      this.#seen = seen
      this.#since = performance.now()
    }
    return performance.now() - this.#since >= LONGEST_SILENCE_MILLISECONDS
  }
}
