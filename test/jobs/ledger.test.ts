// Records that several change at once: each change counts once, also where its answer was lost.

import { expect, test } from 'vitest'
import { createLedger } from '#shared/jobs/ledger.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { storeWith } from '../replication/faulty-store.ts'

const none = async () => undefined

test('every one of many changes at once counts', async () => {
  const ledger = createLedger(storeWith('main', none))
  const more = () => ledger.change<number>('count', (found = 0) => found + 1)
  await Promise.all(Array.from({ length: 12 }, more))
  expect(await ledger.read('count')).toBe(12)
})

test('a change whose answer was lost is known by its nonce, and made once', async () => {
  let losing = false
  const store = storeWith('main', none, {}, () => {
    if (!losing) return
    losing = false
    throw new StorageError('unavailable', 'main did not answer.', { ambiguous: true })
  })
  const ledger = createLedger(store)
  await ledger.change<number>('count', () => 1)
  losing = true
  expect(await ledger.change<number>('count', (found = 0) => found + 1)).toBe(2)
  expect(await ledger.read('count')).toBe(2)
})

test('a store without conditional writes is refused in words', async () => {
  const ledger = createLedger(storeWith('b2', none, { put: { create: false, match: false } }))
  await expect(ledger.change('state', () => 1)).rejects.toMatchObject({
    kind: 'unsupported',
    message: expect.stringContaining('name another store as `ledger`') as string,
  })
})
