// Objects in parts: any order, resumable from the list of parts, seen only when complete.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Part } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { claims, group, shownHere, under, when } from './case.ts'
import { bytesOf, checksumOf, readAll, sameBytes, streamOf, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import type { Harness } from './harness.ts'
import { HEADERS, METADATA } from './put.ts'

const takesParts = claims(({ multipart }) => multipart !== null)
const lists = claims(({ multipart }) => multipart?.listParts)

/** Two parts of the least size and a short last one. */
export function piecesFor(harness: Harness): Uint8Array<ArrayBuffer>[] {
  const size = Math.max(harness.capabilities.multipart?.minPartBytes ?? 0, 65_536)
  return [bytesOf(size, 11), bytesOf(size, 12), bytesOf(1_234, 13)]
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces)
}

async function send(store: Store, key: string, id: string, pieces: Uint8Array[]): Promise<Part[]> {
  const sent: Part[] = []
  for (const [i, piece] of pieces.entries()) {
    sent.push(await store.groups.multipart.part(key, id, i + 1, piece))
  }
  return sent
}

async function content(store: Store, key: string): Promise<Uint8Array> {
  return readAll((await store.get(key)).body)
}

export const multipartCases = under(
  takesParts,
  group('multipart', {
    async 'parts in any order become one object'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      const pieces = piecesFor(harness)
      const properties = { ...HEADERS, metadata: METADATA }
      const id = await multipart.begin('big', properties)
      const third = await multipart.part('big', id, 3, pieces[2]!)
      const first = await multipart.part('big', id, 1, pieces[0]!)
      const second = await multipart.part('big', id, 2, streamOf(pieces[1]!), {
        size: pieces[1]!.length,
      })
      assert.deepEqual(
        [first, second, third].map(({ partNumber }) => partNumber),
        [1, 2, 3],
      )
      assert.deepEqual(
        [first, second, third].map(({ size }) => size),
        pieces.map((p) => p.length),
      )
      const done = await multipart.complete('big', id, [first, second, third], properties)
      const { info, body } = await store.get('big')
      sameBytes(await readAll(body), joined(pieces))
      assert.equal(info.etag, done.etag)
      assert.equal(info.size, joined(pieces).length)
      assert.deepEqual(info.metadata, METADATA)
      assert.equal(info.contentType, HEADERS.contentType)
      assert.equal(info.cacheControl, HEADERS.cacheControl)
    },

    async 'nothing is seen before it is complete'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      const id = await multipart.begin('big')
      const sent = await send(store, 'big', id, piecesFor(harness).slice(2))
      assert.equal(await store.find('big'), undefined)
      assert.deepEqual((await store.list()).objects, [])
      await multipart.complete('big', id, sent)
      assert.deepEqual(
        (await store.list()).objects.map(({ key }) => key),
        ['big'],
      )
    },

    async 'the object that was there stays until then'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      await store.put('key', 'before')
      const id = await multipart.begin('key')
      const sent = await send(store, 'key', id, [textBytes('after')])
      sameBytes(await content(store, 'key'), textBytes('before'))
      await multipart.complete('key', id, sent)
      sameBytes(await content(store, 'key'), textBytes('after'))
    },

    async 'a part sent again replaces the one before'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      const pieces = piecesFor(harness)
      const id = await multipart.begin('big')
      await multipart.part('big', id, 1, pieces[1]!)
      const sent = await send(store, 'big', id, pieces)
      await multipart.complete('big', id, sent)
      sameBytes(await content(store, 'big'), joined(pieces))
    },

    'the list of parts is enough to go on': when(lists, async (harness) => {
      const store = harness.open()
      const { multipart } = store.groups
      const pieces = piecesFor(harness)
      const id = await multipart.begin('big')
      await multipart.part('big', id, 2, pieces[1]!)
      await multipart.part('big', id, 1, pieces[0]!)
      const found = await multipart.listParts('big', id)
      assert.deepEqual(
        found.map(({ partNumber }) => partNumber),
        [1, 2],
      )
      assert.deepEqual(
        found.map(({ size }) => size),
        [pieces[0]!.length, pieces[1]!.length],
      )
      await multipart.part('big', id, 3, pieces[2]!)
      await multipart.complete('big', id, await multipart.listParts('big', id))
      sameBytes(await content(store, 'big'), joined(pieces))
    }),

    'a completed upload is there no more': when(lists, async (harness) => {
      const store = harness.open()
      const { multipart } = store.groups
      const id = await multipart.begin('big')
      await multipart.complete('big', id, await send(store, 'big', id, [textBytes('only')]))
      await rejectsWith('not-found', () => multipart.listParts('big', id))
    }),

    'an aborted upload is there no more': when([lists, shownHere('abort')], async (harness) => {
      const store = harness.open()
      const { multipart } = store.groups
      const id = await multipart.begin('big')
      await multipart.part('big', id, 1, textBytes('only'))
      await multipart.abort('big', id)
      await multipart.abort('big', id)
      await rejectsWith('not-found', () => multipart.listParts('big', id))
      assert.equal(await store.find('big'), undefined)
    }),

    'unfinished uploads are listed': when(
      claims(({ multipart }) => multipart?.listUploads),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const ids = new Map<string, string>()
        for (const key of ['a/one', 'a/two ü+%', 'b']) {
          const id = await multipart.begin(key)
          await multipart.part(key, id, 1, textBytes('x'))
          ids.set(key, id)
        }
        const { uploads } = await multipart.listUploads({ prefix: 'a/' })
        assert.deepEqual(uploads.map(({ key }) => key).toSorted(), ['a/one', 'a/two ü+%'])
        for (const { key, uploadId } of uploads) {
          assert.equal(uploadId, ids.get(key))
        }
      },
    ),

    'and no more once they are aborted': when(
      [claims(({ multipart }) => multipart?.listUploads), shownHere('abort')],
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const id = await multipart.begin('key')
        await multipart.part('key', id, 1, textBytes('x'))
        await multipart.abort('key', id)
        assert.deepEqual((await multipart.listUploads()).uploads, [])
      },
    ),

    async 'an upload that is not there is not found'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      const id = await multipart.begin('key')
      const sent = await send(store, 'key', id, [textBytes('x')])
      await multipart.complete('key', id, sent)
      await store.delete('key')
      await rejectsWith(['not-found', 'invalid'], () => multipart.complete('other', id, sent))
      assert.equal(await store.find('other'), undefined)
    },

    async 'a part that was never sent is invalid'(harness) {
      const store = harness.open()
      const { multipart } = store.groups
      const id = await multipart.begin('key')
      const [part] = await send(store, 'key', id, [textBytes('x')])
      const never = { ...part!, partNumber: 2 }
      await rejectsWith(['invalid', 'not-found'], () =>
        multipart.complete('key', id, [part!, never]),
      )
      assert.equal(await store.find('key'), undefined)
    },

    'create commits to a free key alone': when(
      claims(({ multipart }) => multipart?.create),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const create = { mode: 'create' as const }
        const free = await multipart.begin('free', create)
        const late = await multipart.begin('free', create)
        const sent = await send(store, 'free', free, [textBytes('first')])
        await multipart.complete('free', free, sent, create)
        const lateParts = await multipart
          .part('free', late, 1, textBytes('late'))
          .catch((error: unknown) => error)
        if (!(lateParts instanceof Error)) {
          const parts = [lateParts as Part]
          await rejectsWith(['exists', 'not-found'], () =>
            multipart.complete('free', late, parts, create),
          )
        }
        sameBytes(await content(store, 'free'), textBytes('first'))
      },
    ),

    'ifMatch commits over this very content alone': when(
      claims(({ multipart }) => multipart?.match),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const old = await store.put('key', 'old')
        const now = await store.put('key', 'now')
        const commit = async (etag: string, text: string) => {
          const mode = { ifMatch: etag }
          const id = await multipart.begin('key', { mode })
          const sent = await send(store, 'key', id, [textBytes(text)])
          return multipart.complete('key', id, sent, { mode })
        }
        await rejectsWith('precondition', () => commit(old.etag, 'late'))
        sameBytes(await content(store, 'key'), textBytes('now'))
        await commit(now.etag, 'after')
        sameBytes(await content(store, 'key'), textBytes('after'))
      },
    ),

    'parts of different sizes are refused': when(
      claims(({ multipart }) => multipart?.equalParts),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const [first, , last] = piecesFor(harness)
        const larger = bytesOf(first!.length + 1, 5)
        const id = await multipart.begin('key')
        await rejectsWith('invalid', async () => {
          await multipart.complete('key', id, await send(store, 'key', id, [first!, larger, last!]))
        })
        assert.equal(await store.find('key'), undefined)
      },
    ),

    'a wrong digest of a part is corrupt': when(
      claims(({ put }) => put.checksums.includes('md5')),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const [piece] = piecesFor(harness)
        const id = await multipart.begin('key')
        const right = { checksum: checksumOf('md5', piece!) }
        const wrong = { checksum: checksumOf('md5', textBytes('other')) }
        await rejectsWith('corrupt', () => multipart.part('key', id, 1, piece!, wrong))
        const part = await multipart.part('key', id, 1, piece!, right)
        await multipart.complete('key', id, [part])
        sameBytes(await content(store, 'key'), piece!)
      },
    ),
  }),
)
