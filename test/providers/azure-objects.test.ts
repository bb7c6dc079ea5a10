// One object at a time, by the Azure driver against Azurite over real sockets: what is Azure's own. What
// every store has in common is the conformance suite's.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isStorageError, StorageError } from '#shared/storage/errors.ts'
import type { AzureStore } from './azure-store.ts'
import {
  bytes,
  failure,
  kindOf,
  overwrite,
  signal,
  startAzureStore,
  stream,
} from './azure-store.ts'

let store: AzureStore

beforeAll(async () => {
  store = await startAzureStore()
})

afterAll(() => store.stop())

describe('one object', () => {
  it('comes back with all that travels with it', async () => {
    const put = await store.driver.put('one/a b#?%.txt', bytes('hello'), {
      ...overwrite,
      contentType: 'text/plain',
      contentEncoding: 'identity',
      contentDisposition: 'inline',
      contentLanguage: 'de',
      cacheControl: 'no-store',
      metadata: { owner: 'zoë', plain: 'a b' },
      storageClass: 'Cool',
      tags: { kind: 'a b' },
    })
    const head = await store.driver.head('one/a b#?%.txt', { signal })
    expect(head).toMatchObject({
      key: 'one/a b#?%.txt',
      size: 5,
      etag: put.etag,
      contentType: 'text/plain',
      contentEncoding: 'identity',
      contentDisposition: 'inline',
      contentLanguage: 'de',
      cacheControl: 'no-store',
      metadata: { owner: 'zoë', plain: 'a b' },
      storageClass: 'Cool',
      checksums: { md5: createHash('md5').update('hello').digest('base64') },
    })
    expect(head.etag).not.toContain('"')
    expect(head.archived).toBeUndefined()
    expect(await store.driver.tags?.get('one/a b#?%.txt', { signal })).toEqual({ kind: 'a b' })
  })

  it('goes up as a stream', async () => {
    const chunk = Buffer.alloc(100_000, 'x')
    await store.driver.put('streamed', stream([chunk, chunk, chunk], 300_000), overwrite)
    expect((await store.contentOf('streamed')).length).toBe(300_000)
  })

  it('may be empty', async () => {
    await store.driver.put('empty', bytes(''), overwrite)
    expect(await store.contentOf('empty')).toBe('')
    await store.driver.put('empty', stream([], 0), overwrite)
    expect((await store.driver.head('empty', { signal })).size).toBe(0)
  })

  it('is given back as it is stored, compressed or not', async () => {
    const packed = gzipSync('hello hello')
    await store.driver.put('packed', { bytes: packed }, { ...overwrite, contentEncoding: 'gzip' })
    const { body, info } = await store.driver.get('packed', { signal })
    expect(Buffer.from(await new Response(body).arrayBuffer())).toEqual(packed)
    expect(info).toMatchObject({ size: packed.length, contentEncoding: 'gzip' })
  })

  it('is read in ranges, with the size of the whole', async () => {
    await store.driver.put('ranges', bytes('0123456789'), overwrite)
    expect(await store.contentOf('ranges', { first: 2, last: 4 })).toBe('234')
    expect(await store.contentOf('ranges', { first: 7 })).toBe('789')
    expect(await store.contentOf('ranges', { first: 0, last: 0 })).toBe('0')
    const { info, body } = await store.driver.get('ranges', {
      range: { first: 2, last: 4 },
      signal,
    })
    await body.cancel()
    expect(info.size).toBe(10)
    expect(info.checksums.md5).toBe(createHash('md5').update('0123456789').digest('base64'))
    expect(await kindOf(store.driver.get('ranges', { range: { first: 10 }, signal }))).toBe(
      'invalid',
    )
  })
})

describe('conditions', () => {
  it('create only where nothing is', async () => {
    await store.driver.put('created', bytes('1'), { mode: 'create', signal })
    const error = await failure(store.driver.put('created', bytes('2'), { mode: 'create', signal }))
    expect(error).toMatchObject({ kind: 'exists', key: 'created', store: 'photos' })
    expect(await store.contentOf('created')).toBe('1')
  })

  it('replace only what was seen', async () => {
    const first = await store.driver.put('matched', bytes('1'), overwrite)
    const second = await store.driver.put('matched', bytes('2'), {
      mode: { ifMatch: first.etag },
      signal,
    })
    const late = store.driver.put('matched', bytes('3'), { mode: { ifMatch: first.etag }, signal })
    expect(await kindOf(late)).toBe('precondition')
    expect(
      await kindOf(store.driver.put('gone', bytes(''), { mode: { ifMatch: first.etag }, signal })),
    ).toBe('precondition')
    expect(await kindOf(store.driver.get('matched', { ifMatch: first.etag, signal }))).toBe(
      'precondition',
    )
    const { body } = await store.driver.get('matched', { ifMatch: second.etag, signal })
    expect(await new Response(body).text()).toBe('2')
  })

  it('let exactly one of many creators win', async () => {
    const tries = Array.from({ length: 8 }, (_, n) =>
      store.driver.put('race', bytes(String(n)), { mode: 'create', signal }).then(
        () => 'won',
        (error: unknown) => (isStorageError(error, 'exists') ? 'lost' : error),
      ),
    )
    const results = await Promise.all(tries)
    expect(results.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ...Array<string>(7).fill('lost'),
      'won',
    ])
  })
})

describe('digests', () => {
  // CRC-64/NVME of "123456789", big-endian as everywhere but on Azure's wire.
  const crc64 = { algorithm: 'crc64nvme', value: 'rosUhgp5mIg=' } as const
  const md5 = {
    algorithm: 'md5',
    value: createHash('md5').update('123456789').digest('base64'),
  } as const

  it.each([crc64, md5])('$algorithm is checked on a put', async (checksum) => {
    await store.driver.put('digest', bytes('123456789'), { ...overwrite, checksum })
    const error = await failure(
      store.driver.put('digest', bytes('1234567890'), { ...overwrite, checksum }),
    )
    expect(error).toMatchObject({ kind: 'corrupt', retry: 'now' })
    expect(await store.contentOf('digest')).toBe('123456789')
  })

  it.each([crc64, md5])('$algorithm is checked on a part', async (checksum) => {
    const { multipart } = store.driver
    const id = await multipart!.begin('digest-part', overwrite)
    await multipart!.part('digest-part', id, 1, bytes('123456789'), { checksum, signal })
    const wrong = multipart!.part('digest-part', id, 2, bytes('x'), { checksum, signal })
    expect(await kindOf(wrong)).toBe('corrupt')
  })
})

describe('streams that break', () => {
  it('fail with their own error and leave nothing', async () => {
    let given = 0
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (given++ < 3) controller.enqueue(Buffer.alloc(1000))
        else controller.error(new Error('the disk is gone'))
      },
    })
    await expect(
      store.driver.put('broken', { stream: broken, size: 100_000 }, overwrite),
    ).rejects.toThrow('the disk is gone')
    expect(await kindOf(store.driver.head('broken', { signal }))).toBe('not-found')
  })

  it.each([
    ['short', 999],
    ['long', 1001],
  ])('are refused when too %s', async (_, size) => {
    const content = stream([Buffer.alloc(1000)], 2000 - size)
    expect(await kindOf(store.driver.put('measured', content, overwrite))).toBe('invalid')
    expect(await kindOf(store.driver.head('measured', { signal }))).toBe('not-found')
  })

  it.each(['goes on', 'fails'])('are refused when it %s after its length', async (how) => {
    const { driver } = store
    const key = `more ${how}`
    let pieces = 0
    const long = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (++pieces === 2) {
          // Time enough for what was announced to become a blob.
          for (let i = 0; i < 20; i++) await driver.head(key, { signal }).catch(() => undefined)
          if (how === 'fails') return controller.error(new Error('the disk is gone'))
        }
        if (pieces === 3) controller.close()
        else controller.enqueue(Buffer.alloc(1000))
      },
    })
    const written = driver.put(key, { stream: long, size: 1000 }, overwrite)
    await expect(written).rejects.toThrow(how === 'fails' ? 'the disk is gone' : 'held 2000 bytes')
    expect(await kindOf(driver.head(key, { signal }))).toBe('not-found')
  })

  it('are refused without a length', async () => {
    const content = { stream: new ReadableStream<Uint8Array>() }
    expect(await kindOf(store.driver.put('unmeasured', content, overwrite))).toBe('unsupported')
  })

  it('end with the caller', async () => {
    const abort = new AbortController()
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(Buffer.alloc(1000))
        abort.abort(new Error('enough'))
      },
    })
    const put = store.driver.put(
      'aborted',
      { stream: endless, size: 1e9 },
      { mode: 'overwrite', signal: abort.signal },
    )
    await expect(put).rejects.not.toBeInstanceOf(StorageError)
    expect(await kindOf(store.driver.head('aborted', { signal }))).toBe('not-found')
  })
})

describe('errors', () => {
  it('name what is not there', async () => {
    const blob = await failure(store.driver.head('nowhere', { signal }))
    expect(blob.message).toBe('photos has no "nowhere".')
    const absent = store.open('absent')
    for (const call of [
      () => absent.head('a', { signal }),
      () => absent.put('a', bytes(''), overwrite),
      () => absent.list({ signal }),
    ]) {
      const error = await failure(call())
      expect(error.kind).toBe('not-found')
      expect(error.message).toContain('container "absent"')
    }
    const [result] = await store.open('absent').delete([{ key: 'a' }], { signal })
    expect(result?.error?.kind).toBe('not-found')
  })

  // Azure itself answers AuthenticationFailed; that is in azure-errors.test.ts.
  it('tell a wrong key without showing it', async () => {
    const accountKey = Buffer.alloc(64, 7).toString('base64')
    const wrong = store.open('tests', accountKey)
    for (const call of [() => wrong.head('a', { signal }), () => wrong.list({ signal })]) {
      const error = await failure(call())
      expect(error).toMatchObject({ kind: 'denied', status: 403 })
      expect(error.message).not.toContain(accountKey)
    }
  })

  it('tell a host that is not there, and that nothing was sent', async () => {
    const refused = await failure(
      store.open('tests', undefined, 'http://127.0.0.1:1').head('a', { signal }),
    )
    expect(refused).toMatchObject({ kind: 'unavailable', ambiguous: false })
    expect(refused.message).toContain('Nothing answers at http://127.0.0.1:1')
    const unknown = await failure(
      store.open('tests', undefined, 'http://nobody.invalid').head('a', { signal }),
    )
    expect(unknown).toMatchObject({ kind: 'unavailable', ambiguous: false })
    expect(unknown.message).toContain('has no address')
  })
})
