// Where the truth is, as those know it who sign: at most half a minute old, refreshed behind their backs, and the
// last that was known where the ledger does not answer.

import { expect, test } from 'vitest'
import { createLedger } from '#shared/jobs/ledger.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import { createStates } from '#shared/workspaces/state.ts'
import { storeWith } from '../replication/faulty-store.ts'

function open() {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const ledger = { isDown: false, reads: 0 }
  const work: Promise<unknown>[] = []
  const store = storeWith('ledger', async (operation) => {
    if (operation === 'get') ledger.reads += 1
    if (ledger.isDown) throw new StorageError('unavailable', 'The ledger is down.')
  })
  const start = () =>
    createStates({
      ...{ ledger: createLedger(store), workspace: 'app', primary: 'main' },
      ...{ now: () => clock.now, background: (one: Promise<unknown>) => void work.push(one) },
    })
  return { clock, ledger, start, settled: () => Promise.all(work.splice(0)) }
}

const toWest = (state: WorkspaceState): WorkspaceState => {
  return { ...state, epoch: state.epoch + 1, acting: 'west' }
}

test('one who knows nothing asks once, and not again for a while', async () => {
  const { clock, ledger, start } = open()
  const states = start()
  expect(await states.current()).toMatchObject({ epoch: 0, acting: 'main' })
  clock.now += 14_000
  await states.current()
  expect(ledger.reads).toBe(1)
})

test('what is getting old is refreshed behind the back of who asks, what is old before he is told', async () => {
  const { clock, start, settled } = open()
  const [one, other] = [start(), start()]
  await one.current()
  await other.change(toWest)
  clock.now += 16_000
  expect((await one.current()).acting).toBe('main')
  await settled()
  expect((await one.current()).acting).toBe('west')
  await other.change((state) => ({ ...state, epoch: state.epoch + 1, acting: 'main' }))
  clock.now += 31_000
  expect((await one.current()).acting).toBe('main')
})

test('without the ledger signing goes on by the last that was known, and is not held up each time', async () => {
  const { clock, ledger, start } = open()
  const [one, fresh] = [start(), start()]
  await one.change(toWest)
  ledger.isDown = true
  clock.now += 60_000
  expect((await one.current()).acting).toBe('west')
  const { reads } = ledger
  expect((await one.current()).acting).toBe('west')
  expect(ledger.reads).toBe(reads)
  expect((await fresh.current()).acting).toBe('main')
  expect((await one.known()).acting).toBe('west')
  await expect(start().known()).rejects.toThrow('The ledger is down.')
  await expect(one.fresh()).rejects.toThrow('The ledger is down.')
  await expect(one.change(toWest)).rejects.toThrow('The ledger is down.')
  ledger.isDown = false
  clock.now += 6000
  expect((await fresh.current()).acting).toBe('west')
})
