// A store that gives out in the middle: the job is paused with one clear sentence, half-moved is what the ledger says
// and nothing else, and it goes on from there to the exact end.

import { expect, inject, test } from 'vitest'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openEnd } from '../copy/opened.ts'
import { s3Store } from '../copy/stores.ts'
import type { Before } from '../replication/faulty-store.ts'
import { storeWith } from '../replication/faulty-store.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'
import { fill, openMoving, textsOf } from './moving.ts'

const COUNT = 120
const texts = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`k/${i}`, `text ${i}`]))

test.each([
  ['loses permission', { status: 403, code: 'AccessDenied' }],
  ['is full', { status: 403, code: 'QuotaExceeded' }],
  ['goes away', { status: 404, code: 'NoSuchBucket' }],
])('a bucket that %s', { timeout: 60_000 }, async (_, action) => {
  const from = memoryStore('from')
  await fill(from, texts)
  const { store: to, control } = openEnd(await s3Store(inject('servers'), 'the destination'))
  const moving = openMoving({ from, to })
  await moving.plan()
  await control.fault({ operation: 'PutObject', skip: 40, times: 1_000_000, action })
  const paused = await moving.command('start')
  expect(paused.state).toBe('paused')
  expect(paused.why).toMatch(/^The migration cannot go on with the destination: [^\n]+\.$/)
  expect(Object.keys(await textsOf(to))).toHaveLength(40)
  await control.clear()
  expect((await moving.resume()).state).toBe('ready')
  expect(await textsOf(to)).toEqual(texts)
  expect(await moving.tally('copy')).toMatchObject({ objects: COUNT, copied: COUNT })
  expect((await moving.tally('copy'))['failed'] ?? 0).toBe(0)
})

function failingFrom(count: number, operation: 'get' | 'put', kind: ErrorKind) {
  const state = { isWell: false, asked: 0 }
  const before: Before = async (asked, key) => {
    if (asked !== operation || key.startsWith('.skein/') || state.isWell) return
    if (state.asked++ >= count) throw new StorageError(kind, `No more of ${key}.`, { store: 'it' })
  }
  return { state, before }
}

test('a source that may not be read any more, though it lists', async () => {
  const { state, before } = failingFrom(30, 'get', 'denied')
  const from = storeWith('from', before)
  const to = memoryStore('to')
  await fill(from, texts)
  const moving = openMoving({ from, to })
  const paused = await moving.move()
  expect(paused).toMatchObject({ state: 'paused' })
  expect(paused.why).toMatch(/^The migration cannot go on with from: No more of k/)
  state.isWell = true
  expect((await moving.resume()).state).toBe('ready')
  expect(await textsOf(to)).toEqual(texts)
})

test('one object that may not be read stops no other, and is told of', async () => {
  const from = storeWith('from', async (asked, key) => {
    if (asked === 'get' && key === 'k/7') {
      throw new StorageError('denied', 'k/7 in from may not be read.', { store: 'from', key })
    }
  })
  const to = memoryStore('to')
  await fill(from, texts)
  const moving = openMoving({ from, to })
  expect((await moving.move()).state).toBe('ready')
  expect(Object.keys(await textsOf(to))).toHaveLength(COUNT - 1)
  expect(await moving.tally('copy')).toMatchObject({ objects: COUNT, failed: 1 })
  expect(await moving.tally('verify')).toMatchObject({ behind: 1 })
  const failed = await moving.notes('failed')
  // Once a round.
  expect(failed).toHaveLength(3)
  expect(failed[0]).toEqual({ key: 'k/7', why: 'k/7 in from may not be read.' })
})
