// Errors that a person can act on, of a kind that code can act on, with no secret in them.

import assert from 'node:assert/strict'
import type { Store } from '#shared/storage/store.ts'
import { UNCLAIMED, group, when } from './case.ts'
import type { Need } from './case.ts'
import { rejectsWith } from './expect.ts'

const missingBucket: Need = ({ openMissingBucket }) => (openMissingBucket ? undefined : UNCLAIMED)
const wrongCredentials: Need = ({ openWithWrongCredentials }) =>
  openWithWrongCredentials ? undefined : UNCLAIMED

const unreachable: Need = ({ openUnreachable }) => (openUnreachable ? undefined : UNCLAIMED)

const CALLS: [operation: string, run: (store: Store) => Promise<unknown>][] = [
  ['put', (store) => store.put('key', 'x')],
  ['get', (store) => store.get('key')],
  ['head', (store) => store.head('key')],
  ['list', (store) => store.list()],
]

export const errorCases = group('errors', {
  'a bucket that is not there is named': when(missingBucket, async (harness) => {
    for (const [operation, run] of CALLS) {
      const store = harness.openMissingBucket!()
      const { message } = await rejectsWith('not-found', () => run(store))
      // A HEAD of an absent bucket and of an absent key are one answer to some providers.
      if (operation !== 'head') {
        assert.ok(
          message.includes(store.bucket),
          `${operation} does not name the bucket: ${message}`,
        )
      }
    }
  }),

  'a delete in a bucket that is not there is no success': when(missingBucket, async (harness) => {
    const store = harness.openMissingBucket!()
    await rejectsWith('not-found', async () => {
      for (const { error } of await store.delete(['a', 'b'])) if (error) throw error
    })
  }),

  'wrong credentials are told and never shown': when(wrongCredentials, async (harness) => {
    for (const [operation, run] of CALLS) {
      const store = harness.openWithWrongCredentials!()
      const error = await rejectsWith(['unauthenticated', 'denied'], () => run(store))
      const told = `${error.message} ${String(error.cause)}`
      assert.doesNotMatch(told, /signature=[0-9a-z%]{8}|sig=[0-9a-z%]{8}|WRONGSECRET/i, operation)
    }
  }),

  'a server that is not there is unavailable': when(unreachable, async (harness) => {
    for (const [operation, run] of CALLS) {
      const { message, retry } = await rejectsWith('unavailable', () =>
        run(harness.openUnreachable!()),
      )
      assert.equal(retry, 'later', operation)
      assert.match(message, /^[^\n]{10,300}[.]$/u)
    }
  }),

  async 'an error names store and key'(harness) {
    const store = harness.open()
    const error = await rejectsWith('not-found', () => store.get('folder/absent ü.txt'))
    assert.equal(error.store, store.name)
    assert.equal(error.key, 'folder/absent ü.txt')
    assert.ok(error.message.includes('folder/absent ü.txt'), error.message)
    assert.match(error.message, /^[^\n]{10,300}[.]$/u)
  },
})
