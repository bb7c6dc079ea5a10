// Signed deletes: of one object, by whoever holds the URL.

import assert from 'node:assert/strict'
import { group, shownHere, under } from './case.ts'
import { signs } from './sign-get.ts'
import { accepted, forged, refused, retargeted, send, unsigned } from './signed.ts'

const soon = { expiresInSeconds: 60 }

export const signDeleteCases = under(
  [shownHere('signed-requests'), signs('delete')],
  group('signed delete', {
    async 'deletes the object'(harness) {
      const store = harness.open()
      await store.put('a+b ü', 'x')
      await store.put('kept', 'x')
      const signed = await store.presign({ action: 'delete', key: 'a+b ü', ...soon })
      assert.equal(signed.method, 'DELETE')
      await accepted(await send(harness, signed))
      assert.deepEqual(
        (await store.list()).objects.map(({ key }) => key),
        ['kept'],
      )
    },

    async 'no other, and with no other signature'(harness) {
      const store = harness.open()
      for (const key of ['signed-one', 'signed-two']) await store.put(key, 'x')
      const signed = await store.presign({ action: 'delete', key: 'signed-one', ...soon })
      for (const url of [retargeted('signed-one', 'signed-two'), forged, unsigned]) {
        await refused(await send(harness, signed, null, { url }), 'a tampered URL')
      }
      assert.equal((await store.list()).objects.length, 2)
    },
  }),
)
