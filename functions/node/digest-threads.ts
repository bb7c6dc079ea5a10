// Digests of large things taken by threads of their own, so that the one that moves the bytes does nothing else. The
// threads are started at the first need, are shared by all that is under way, and do not hold the process; each takes
// some 12 MB. Where none can start, or one has died, there are none: what follows is taken where it passes.

import { Buffer } from 'node:buffer'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { DigestsInThread } from '#shared/platform.ts'
import { DigestsLost } from '#shared/wire/digests-lost.ts'
import type { Ring } from './digest-ring.ts'
import { ASKED, createRing, roomIn, wakeWriters, writeRecord } from './digest-ring.ts'
import type { Answered } from './digest-thread.ts'

/** From source, beside the entry in a bundle, and from a chunk of it. */
const PROGRAM = ['./digest-thread.ts', './digest-thread.mjs', '../digest-thread.mjs']
/** Two keep up with as much as one thread can move; beside a single core there is nothing to be had. */
const mostThreads = (): number => Math.min(2, availableParallelism() - 1)
/** It allocates next to nothing, but would fill what it is given by default before it collected. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 }

interface DigestThread {
  ring: Ring
  /** What is open, and how its values are told. */
  open: Map<number, PromiseWithResolvers<Record<string, string>>>
  failure: DigestsLost | undefined
  worker: Worker
}

const threads: DigestThread[] = []
let isBroken = false
let lastId = 0

/** Undefined where there is no thread for it. */
export function startInThread(algorithms: readonly string[]): DigestsInThread | undefined {
  const thread = leastBusy()
  return thread && startDigests(thread, algorithms.join(','))
}

function leastBusy(): DigestThread | undefined {
  if (isBroken) return undefined
  const [first] = threads.toSorted((a, b) => a.open.size - b.open.size)
  if (threads.length >= mostThreads() || first?.open.size === 0) return first
  try {
    const started = startThread()
    threads.push(started)
    return started
  } catch {
    isBroken = true
    return undefined
  }
}

function startThread(): DigestThread {
  const program = PROGRAM.map((path) => new URL(path, import.meta.url)).find((url) =>
    existsSync(url),
  )
  if (program === undefined) throw new Error('The program of the threads is missing.')
  const ring = createRing()
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  // What the process was told of its own program would not fit this one.
  const options = { workerData: ring, resourceLimits: LIMITS, execArgv: [] }
  const worker = new Worker(program, options)
  const thread: DigestThread = { ring, worker, open: new Map(), failure: undefined }
  const fail = (cause: unknown): void => {
    isBroken = true
    thread.failure ??= new DigestsLost(cause)
    for (const { reject } of thread.open.values()) reject(thread.failure)
    wakeWriters(ring)
  }
  worker.on('error', fail)
  worker.on('exit', fail)
  worker.on('message', ({ id, values }: Answered) => thread.open.get(id)?.resolve(values))
  worker.unref()
  return thread
}

const NOTHING = new Uint8Array()

function startDigests(thread: DigestThread, algorithms: string): DigestsInThread {
  const { open, worker } = thread
  const id = ++lastId
  const asked = Promise.withResolvers<Record<string, string>>()
  // Who drops them does not look.
  asked.promise.catch(() => undefined)
  if (open.size === 0) worker.ref()
  open.set(id, asked)
  const close = (): boolean => {
    const wasOpen = open.delete(id)
    if (wasOpen && open.size === 0) worker.unref()
    return wasOpen
  }
  const send = (kind: number, payload: Uint8Array) => sendRecord(thread, kind, id, payload)
  const begun = send(ASKED.begin, Buffer.from(algorithms))
  // Told by what comes after it.
  begun.catch(() => undefined)
  return {
    async update(bytes) {
      await begun
      await send(ASKED.bytes, bytes)
    },
    async values() {
      await begun
      await send(ASKED.end, NOTHING)
      return asked.promise.finally(close)
    },
    drop() {
      if (close()) send(ASKED.drop, NOTHING).catch(() => undefined)
    },
  }
}

async function sendRecord(
  thread: DigestThread,
  kind: number,
  id: number,
  payload: Uint8Array,
): Promise<void> {
  let left: Uint8Array | undefined = payload
  // Once they are dropped, what was on its way is not sent any more.
  while (kind === ASKED.drop || thread.open.has(id)) {
    if (thread.failure) throw thread.failure
    left = writeRecord(thread.ring, kind, id, left)
    if (left === undefined) return
    await roomIn(thread.ring)
  }
}
