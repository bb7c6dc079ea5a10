// Who reads what, told by the downloads that Skein signs. A download costs an increment in memory; each
// instance of a function writes down its counts of a day now and then, in a record that it alone writes. It is an
// estimate: a signed URL may be used never or often, and what an instance had not yet written when it was
// frozen or ended is lost.

import { randomBytes } from 'node:crypto'
import type { Ledger } from '#shared/jobs/ledger.ts'
import { costNames } from './names.ts'

export interface ReadCount {
  store: string
  prefix: string
  reads: number
  /** Of those whose size was known when they were signed. */
  sizedReads: number
  sizedBytes: number
}

/** One instance's counts of one day. */
export interface ReadsRecord {
  day: string
  counts: readonly ReadCount[]
}

export interface ReadCounter {
  /** `bytes`, where the caller knows how many will be sent. */
  count(store: string, key: string, bytes?: number): void
  /** What has been counted since the last write goes to the ledger; nothing happens where that is nothing. */
  flush(): Promise<void>
}

export interface ReadCounterOptions {
  workspace: string
  ledger: Ledger
  now: () => number
  /** Work that may go on after the answer. */
  background: (work: Promise<unknown>) => void
  everySeconds?: number
}

const EVERY_SECONDS = 60
const PREFIX_DEPTH = 3
/** Beyond this many, prefixes are counted one folder higher. */
const MAX_COUNTS = 2000

export function createReadCounter(options: ReadCounterOptions): ReadCounter {
  const { workspace, ledger, now, background, everySeconds = EVERY_SECONDS } = options
  const everyMilliseconds = everySeconds * 1000
  let instance: string | undefined
  let counts = new Map<string, ReadCount>()
  let dayBegan = dayAt(now())
  let written = now()
  let isDirty = false

  async function write(): Promise<void> {
    instance ??= randomBytes(6).toString('hex')
    const day = dayOf(dayBegan)
    const record: ReadsRecord = { day, counts: [...counts.values()].map((one) => ({ ...one })) }
    isDirty = false
    try {
      await ledger.write(costNames.reads(workspace, day, instance), record)
    } catch (error) {
      isDirty = true
      throw error
    }
  }

  /** The day before is written as it was, and a new one begins from nothing. */
  function beginDay(at: number): void {
    if (isDirty) background(write())
    dayBegan = dayAt(at)
    counts = new Map()
  }

  function rowOf(store: string, key: string): ReadCount {
    for (let depth = PREFIX_DEPTH; ; depth--) {
      const prefix = prefixOf(key, depth)
      const name = `${store}\n${prefix}`
      const found = counts.get(name)
      if (found) return found
      if (depth > 0 && counts.size >= MAX_COUNTS) continue
      const row = { store, prefix, reads: 0, sizedReads: 0, sizedBytes: 0 }
      counts.set(name, row)
      return row
    }
  }

  return {
    count(store, key, bytes) {
      const at = now()
      if (at - dayBegan >= DAY_MILLISECONDS) beginDay(at)
      const row = rowOf(store, key)
      row.reads++
      if (bytes !== undefined) {
        row.sizedReads++
        row.sizedBytes += bytes
      }
      isDirty = true
      if (at - written < everyMilliseconds) return
      written = at
      background(write())
    },
    async flush() {
      if (isDirty) await write()
    },
  }
}

const DAY_MILLISECONDS = 86_400_000

/** When the day began, in UTC. */
function dayAt(milliseconds: number): number {
  return milliseconds - (milliseconds % DAY_MILLISECONDS)
}

export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}

/** The first folders of a key, as many as there are. */
export function prefixOf(key: string, depth: number): string {
  let end = 0
  for (let n = 0; n < depth; n++) {
    const next = key.indexOf('/', end)
    if (next < 0) break
    end = next + 1
  }
  return key.slice(0, end)
}
