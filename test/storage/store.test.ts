// What `Store` owes its callers when things go wrong below it: nothing is left to pay for, nobody waits for
// ever, and what is Skein's own stays unseen. The driver is the memory's, with one method that misbehaves.

import { describe, expect, test } from 'vitest'
import type { Driver, GetResult, MultipartDriver } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createOpening } from '#shared/storage/open.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import { timerMilliseconds } from '#shared/wire/retry.ts'

const platform = { env: {}, fileSystem: false, now: Date.now }
let count = 0

interface Twist {
  parts?: Partial<MultipartDriver>
  get?: Driver['get']
}

function open(twist: Twist, options: StoreOptions = {}): Store {
  const opening = createOpening(`memory:store-${++count}`, platform, {
    capabilities: { put: { unknownLength: false }, multipart: { minPartBytes: 1 } },
    retry: { attempts: 1 },
    transfer: { partSizeBytes: 4, multipartThresholdBytes: 4, concurrency: 2 },
    ...options,
  })
  const driver = createMemoryDriver(opening)
  const multipart = { ...driver.multipart!, ...twist.parts }
  return new Store({
    opening,
    driver: async () => ({ ...driver, ...(twist.get && { get: twist.get }), multipart }),
  })
}

const lost = (message: string) => new StorageError('unavailable', message, { ambiguous: true })

/** Gives these chunks and then stands still. */
function standing(...chunks: string[]) {
  const seen = { cancelled: false }
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
    },
    cancel: () => void (seen.cancelled = true),
  })
  return { stream, seen }
}

describe('an upload in parts', () => {
  test('whose part has no answer is aborted', async () => {
    const store = open({ parts: { part: () => Promise.reject(lost('no answer')) } })
    await expect(store.put('k', 'twelve bytes')).rejects.toThrow('no answer')
    expect((await store.groups.multipart.listUploads()).uploads).toEqual([])
  })

  test('fails with its first failure', async () => {
    const { promise: failed, resolve } = Promise.withResolvers<void>()
    const store = open({
      parts: {
        async part(_key, _upload, partNumber) {
          if (partNumber === 1) await failed
          else resolve()
          throw lost(`part ${partNumber}`)
        },
      },
    })
    await expect(store.put('k', standing('twelve bytes').stream)).rejects.toThrow('part 2')
  })

  test('cancels the stream that it does not read to its end', async () => {
    const store = open({ parts: { begin: () => Promise.reject(lost('no upload')) } })
    const { stream, seen } = standing('twelve bytes')
    await expect(store.put('k', stream)).rejects.toThrow('no upload')
    expect(seen.cancelled).toBe(true)
  })

  test.each([
    [undefined, 12],
    [2 ** 21, 2 ** 20],
  ])('of a stream of %s bytes that stands ends with its signal', async (size, moved) => {
    const { stream, seen } = standing('x'.repeat(moved))
    const caller = new AbortController()
    const onProgress = (): void => caller.abort(new Error('enough'))
    const put = open({}).put('k', stream, { size, signal: caller.signal, onProgress })
    await expect(put).rejects.toThrow('enough')
    expect(seen.cancelled).toBe(true)
  })

  test('gives up a part that does not move', async () => {
    const store = open(
      { parts: { part: (...[, , , , { signal }]) => untilAborted(signal) } },
      { timeouts: { idleSeconds: 0.01 } },
    )
    const { multipart } = store.groups
    const uploadId = await multipart.begin('k')
    const part = multipart.part('k', uploadId, 1, standing().stream, { size: 1 })
    await expect(part).rejects.toThrow('took no byte of "k" for 0.01 seconds')
  })
})

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}

test.each([
  ['idle', 'sent nothing of "k" for 0.01 seconds'],
  ['aborted', 'enough'],
  ['too long', 'sent more of "k" than it has said there is'],
])('a body that is %s is let go of', async (how, message) => {
  const { stream, seen } = standing('longer than it says')
  const info = { key: 'k', etag: 'e', size: how === 'too long' ? 3 : 100, modified: new Date() }
  const result: GetResult = { info: { ...info, metadata: {}, checksums: {} }, body: stream }
  const store = open(
    { get: async () => result },
    {
      retry: { attempts: 1 },
      timeouts: { idleSeconds: 0.01 },
    },
  )
  const caller = new AbortController()
  const { body } = await store.get('k', { signal: caller.signal })
  if (how === 'aborted') caller.abort(new Error('enough'))
  await expect(new Response(body).text()).rejects.toThrow(message)
  expect(seen.cancelled).toBe(true)
})

test.each([
  ['a key that cannot be', '../k', {}],
  ['metadata that cannot travel', 'k', { metadata: { 'a-b': '1' } }],
  ['a digest that the store cannot check', 'k', { checksum: { algorithm: 'sha1', value: 'eA==' } }],
] as const)('a stream is let go of where %s is refused', async (_, key, options) => {
  const { stream, seen } = standing('x')
  const store = open({}, { capabilities: { put: { checksums: [] } } })
  const put = store.put(key, stream, { size: 1, ...options })
  await expect(put).rejects.toBeInstanceOf(StorageError)
  expect(seen.cancelled).toBe(true)
})

const BROKEN = '1"\r\nx-injected: 1'

test.each<[string, (store: Store) => Promise<unknown>]>([
  ['a read', (store) => store.get('k', { ifMatch: BROKEN })],
  ['a write', (store) => store.put('k', 'x', { mode: { ifMatch: BROKEN } })],
  ['a delete', (store) => store.delete([{ key: 'k', ifMatch: BROKEN }])],
  ['a copy', (store) => store.copy({ key: 'k', ifMatch: BROKEN }, 'to')],
  ['a digest', (store) => store.put('k', 'x', { checksum: { algorithm: 'md5', value: BROKEN } })],
])('a condition that would end its header is refused: %s', async (_, act) => {
  await expect(act(open({}))).rejects.toMatchObject({ kind: 'invalid' })
})

test('nobody is kept waiting for a store that wants to be left alone for an hour', async () => {
  let asked = 0
  const refusal = new StorageError('throttled', 'Slow down.', { retryAfterSeconds: 3600 })
  const get = () => (asked++, Promise.reject(refusal))
  const store = open({ get }, { retry: { attempts: 3 } })
  await expect(store.get('k')).rejects.toBe(refusal)
  expect(asked).toBe(1)
})

test('no wait is longer than a timer can be set for, which would ring at once', () => {
  expect(timerMilliseconds(2)).toBe(2000)
  expect(timerMilliseconds(1e7)).toBe(2 ** 31 - 1)
})

test('what is Skein’s own is in no list', async () => {
  const store = open({})
  const own = store.reserved()
  await own.put('.skein/k', 'x')
  await own.groups.multipart.begin('.skein/k')
  expect((await own.groups.versions.list()).versions).toHaveLength(1)
  expect((await store.groups.versions.list()).versions).toEqual([])
  expect((await own.groups.multipart.listUploads()).uploads).toHaveLength(1)
  expect((await store.groups.multipart.listUploads()).uploads).toEqual([])
})
