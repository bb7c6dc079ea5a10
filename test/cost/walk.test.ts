// Apply, step by step: what is to be changed is noted, and counted as spent, before it is; a step that is done
// again does no harm; what one object is refused does not hold up the others; and the sum that may be spent holds.

import { expect, test } from 'vitest'
import type { ApplyPart } from '#shared/cost/apply/plan.ts'
import type { WalkCursor } from '#shared/cost/apply/walk.ts'
import { walkStep } from '#shared/cost/apply/walk.ts'
import { ownerIn } from '#shared/cost/apply/owner.ts'
import { sizeStep } from '#shared/cost/buckets.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'

const PLATFORM = { env: {}, fileSystem: false, now: Date.now }
const OBJECTS = 450
const STEP = { store: 'main', from: 'STANDARD', to: 'COLD' }

async function walking({ maxUsd = 100 } = {}) {
  const store = openStore(`memory:${crypto.randomUUID()}`, PLATFORM, { name: 'main' })
  for (let n = 0; n < OBJECTS; n++) await store.put(`a/${String(n).padStart(4, '0')}`, 'x')
  await store.put('a/deeper/1', 'x')
  const of: ApplyPart = {
    ...{ id: 'one', prefix: 'a/', steps: [STEP], ages: [0], sizes: [sizeStep(1)] },
    ...{ objects: OBJECTS, onceUsd: 4.5, maxUsd },
  }
  const changed: string[] = []
  const noted: string[] = []
  let tally: Record<string, number> = {}
  let refusing = ''

  /** As the engine does it: what a step has noted and counted is kept with its cursor. */
  async function step(cursor: WalkCursor | undefined, isKept = true) {
    const notes: string[] = []
    const note = (list: string, item: unknown) => {
      if (list === 'changed') notes.push((item as { key: string }).key)
    }
    const signal = new AbortController().signal
    const done = await walkStep({
      ...{ workspace: 'app', stores: [store], now: Date.now(), of },
      part: { cursor, tally, note, mayGoOn: () => true, signal },
      owner: ownerIn(['a/', 'a/deeper/']),
      async change(key) {
        if (key === refusing) throw new StorageError('denied', `${key} is locked.`)
        if (changed.includes(key)) return false
        expect(noted).toContain(key)
        changed.push(key)
        return true
      },
    })
    if (!isKept) return done
    noted.push(...notes)
    for (const [name, count] of Object.entries(done.tally ?? {}))
      tally = { ...tally, [name]: (tally[name] ?? 0) + count }
    return done
  }
  return {
    ...{ step, changed, noted, tally: () => tally },
    refuse: (key: string) => void (refusing = key),
    async run(cursor?: WalkCursor) {
      let done = await step(cursor)
      while (done.cursor) done = await step(done.cursor)
    },
  }
}

test('nothing is changed that was not noted by a step before, and all of it is', async () => {
  const walk = await walking()
  const first = await walk.step(undefined)
  expect([walk.noted.length, walk.changed]).toEqual([200, []])
  // A process that dies behind its changes leaves neither cursor nor notes, and another one takes the step up.
  await walk.step(first.cursor, false)
  expect(walk.changed.length).toBe(200)
  await walk.run(first.cursor)
  expect(walk.changed.toSorted()).toEqual(walk.noted.toSorted())
  expect(walk.changed).toHaveLength(OBJECTS)
  expect(walk.tally()).toMatchObject({ changed: OBJECTS - 200, 'passed-over': 200 })
  // What the lost step has paid for is counted.
  expect(walk.tally()['nano']).toBeCloseTo(4.5e9, 0)
})

test('no more is spent than may be, to the object', async () => {
  const walk = await walking({ maxUsd: 3 })
  await walk.run()
  expect(walk.changed).toHaveLength(300)
  expect(walk.tally()).toMatchObject({ changed: 300, 'beyond-budget': 1 })
})

test('exactly what was reckoned is enough', async () => {
  const walk = await walking({ maxUsd: 4.5 })
  await walk.run()
  expect(walk.changed).toHaveLength(OBJECTS)
})

test('one that is refused is told of, and the others go on', async () => {
  const walk = await walking()
  walk.refuse('a/0007')
  await walk.run()
  expect(walk.tally()).toMatchObject({ changed: OBJECTS - 1, refused: 1 })
})
