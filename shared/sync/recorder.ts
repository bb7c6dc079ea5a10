// Keeps what a run finds out, in the order of keys, though copies end in any: an outcome waits until those before
// it are known, and one that takes too long is put in its place at the end. As long as everything is as it was
// recorded, nothing is written. Records are a help: where they cannot be kept, the run says so once and goes on.

import { joinByKey } from '#shared/compare/join.ts'
import type { Compare } from '#shared/compare/key-order.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import type { PairRecords, PairWriter } from '#shared/compare/pair-records.ts'

/** What is known of a key from now on; undefined: nothing. */
export type Known = PairRecord | undefined

export interface Recorder {
  /** `before` is the record that stood so far. An outcome must not fail. */
  add(key: string, before: Known, outcome: Known | Promise<Known>): void
  /** Resolves when few enough wait; undefined: at once. */
  room(): Promise<void> | undefined
  /** Makes it count: all of it, or as far as the run came. */
  end(isWhole: boolean): Promise<void>
}

interface Entry {
  key: string
  before: Known
  outcome: Known | Promise<Known>
}

export interface RecorderOptions {
  /** So many wait behind one that takes long. */
  maxWaiting?: number | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
}

const MAX_WAITING = 10_000
/** Who is killed has lost what he found out since. */
const COMMIT_MILLISECONDS = 60_000

export function createRecorder(
  records: PairRecords | undefined,
  compare: Compare,
  onProblem: (error: unknown) => void,
  { maxWaiting = MAX_WAITING, now = Date.now }: RecorderOptions = {},
): Recorder {
  /** In the order of keys. */
  const late: Promise<Known>[] = []
  let waiting: Entry[] = []
  let working: Promise<void> | undefined
  let onRoom: PromiseWithResolvers<void> | undefined
  let onFull: PromiseWithResolvers<'full'> | undefined
  let writer: PairWriter | undefined
  let isBroken = records === undefined
  let last: string | undefined
  let committed = now()

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const some = waiting
      waiting = []
      for (const { key, before, outcome } of some) {
        await keep(key, before, outcome instanceof Promise ? await inTime(outcome) : outcome)
      }
      onRoom?.resolve()
      onRoom = undefined
    }
    working = undefined
  }

  async function inTime(outcome: Promise<Known>): Promise<Known> {
    onFull = Promise.withResolvers()
    if (waiting.length >= maxWaiting) onFull.resolve('full')
    const known = await Promise.race([outcome, onFull.promise])
    if (known !== 'full') return known
    late.push(outcome)
    return undefined
  }

  async function keep(key: string, before: Known, known: Known): Promise<void> {
    await unlessBroken(async () => {
      if (known !== before) writer ??= records!.write(last === undefined ? {} : { after: last })
      if (writer && known) await writer.add(known)
      last = key
      if (!writer || (!writer.isFull && now() - committed < COMMIT_MILLISECONDS)) return
      await writer.commit(key)
      committed = now()
    })
  }

  async function putInPlace(): Promise<void> {
    const known = (await Promise.all(late)).filter((one) => one !== undefined)
    if (known.length === 0) return
    await unlessBroken(async () => {
      const all = records!.write()
      type Sides = [PairRecord, PairRecord]
      const sides = [records!.read(), once(known)] as const
      for await (const rows of joinByKey<Sides>([...sides], compare)) {
        for (const { at } of rows) await all.add(at[1] ?? at[0]!)
      }
      await all.commit()
    })
  }

  async function unlessBroken(act: () => Promise<void>): Promise<void> {
    if (isBroken) return
    try {
      await act()
    } catch (error) {
      isBroken = true
      onProblem(error)
    }
  }

  return {
    add(key, before, outcome) {
      waiting.push({ key, before, outcome })
      if (waiting.length >= maxWaiting) onFull?.resolve('full')
      working ??= work()
    },
    room() {
      if (waiting.length < maxWaiting) return undefined
      onRoom ??= Promise.withResolvers()
      return onRoom.promise
    },
    async end(isWhole) {
      await working
      await unlessBroken(async () => {
        if (writer && (isWhole || last !== undefined))
          await writer.commit(isWhole ? undefined : last)
      })
      await putInPlace()
    },
  }
}

async function* once<T>(items: T[]): AsyncGenerator<T[]> {
  yield items
}
