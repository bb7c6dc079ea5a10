// Signed parts: sent by a client, completed by Skein, and good for that one part alone.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { claims, group, shownHere, under, when } from './case.ts'
import { bytesOf, readAll, sameBytes } from './content.ts'
import { freshPlace } from './harness.ts'
import { piecesFor } from './multipart.ts'
import { HEADERS } from './put.ts'
import { signs } from './sign-get.ts'
import { enforces } from './sign-put.ts'
import { accepted, anHourAgo, forged, refused, retargeted, send, unsigned } from './signed.ts'

const soon = { expiresInSeconds: 60 }

export const signPartCases = under(
  [shownHere('signed-requests'), signs('part')],
  group('signed part', {
    'parts sent by a client are completed by Skein': when(
      claims(({ multipart }) => multipart?.listParts),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const key = 'parts/a+b ü.bin'
        const properties = { ...HEADERS, metadata: { a: 'ü' } }
        const pieces = piecesFor(harness)
        const uploadId = await multipart.begin(key, properties)
        for (const [i, piece] of pieces.entries()) {
          const request = { ...soon, uploadId, partNumber: i + 1, contentLength: piece.length }
          const signed = await store.presign({ action: 'part', key, ...request })
          await accepted(await send(harness, signed, piece))
        }
        await multipart.complete(
          key,
          uploadId,
          await multipart.listParts(key, uploadId),
          properties,
        )
        const { info, body } = await store.get(key)
        sameBytes(await readAll(body), Buffer.concat(pieces))
        assert.deepEqual(info.metadata, { a: 'ü' })
      },
    ),

    'a part holds to its size': when(enforces('size'), async (harness) => {
      const store = harness.open()
      const uploadId = await store.groups.multipart.begin('key')
      const request = { ...soon, uploadId, partNumber: 1, contentLength: 1_000 }
      const signed = await store.presign({ action: 'part', key: 'key', ...request })
      assert.ok(signed.enforced.includes('size'))
      await refused(await send(harness, signed, bytesOf(1_001)), 'a longer part')
      await accepted(await send(harness, signed, bytesOf(1_000)))
    }),

    async 'is for no other part, key or signature'(harness) {
      const place = freshPlace()
      const store = harness.open({ place })
      const key = 'signed-one'
      const uploadId = await store.groups.multipart.begin(key)
      const request = { action: 'part', key, ...soon, uploadId, partNumber: 11 } as const
      const signed = await store.presign(request)
      const other = await store.presign({ ...request, partNumber: 12 })
      const [mine, theirs] = differingValue(signed.url, other.url)
      const tampered = [
        retargeted(mine, theirs),
        retargeted('signed-one', 'signed-two'),
        forged,
        unsigned,
      ]
      // A SAS covers the blob and leaves the block open; the others sign the number.
      const first = harness.capabilities.presign!.enforces.includes('size') ? 0 : 1
      for (const url of tampered.slice(first)) {
        await refused(await send(harness, signed, bytesOf(100), { url }), 'a tampered URL')
      }
      const late = harness.open({ place, now: anHourAgo })
      await refused(
        await send(harness, await late.presign(request), bytesOf(100)),
        'an expired URL',
      )
    },
  }),
)

/** The first parameter in which two URLs differ, besides the signature. */
function differingValue(one: string, two: string): [string, string] {
  const pairs = two.split(/[?&]/)
  for (const [i, pair] of one.split(/[?&]/).entries()) {
    const other = pairs[i]
    if (other !== undefined && pair !== other && !/^(x-(amz|goog)-)?sig/i.test(pair))
      return [pair, other]
  }
  throw new assert.AssertionError({ message: 'the part number is not in the URL' })
}
