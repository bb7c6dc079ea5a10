// The Cloud Storage driver over real sockets, against the project's own strict server: what is particular to
// this provider. What every driver must do is in the suite for all of them.

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import type { Content, Driver } from '#shared/storage/contract.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { isStorageError, StorageError } from '#shared/storage/errors.ts'
import { createGcsDriver } from '#shared/storage/providers/gcs/driver.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createGcsSigner } from '#shared/storage/providers/gcs/sign.ts'
import { digestOf } from '#shared/wire/digest.ts'
import type { GcsServer } from '../servers/gcs/server.ts'
import { startGcsServer } from '../servers/gcs/server.ts'
import { startAnswering } from './azure-answers.ts'

const MiB = 1024 * 1024
const { signal } = new AbortController()

let server: GcsServer
let bucket = ''
let driver: Driver
let count = 0

beforeAll(async () => {
  server = await startGcsServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  bucket = `driver-${++count}`
  await control('POST', 'buckets', { name: bucket, minPartBytes: 1, rewriteBytesPerCall: MiB })
  driver = createGcsDriver(settingsOf(`gs://${bucket}/in/here`))
})

function settingsOf(uri: string, credentials: object = server.serviceAccount) {
  const address = parseStoreUri(`${uri}?endpoint=${server.url}`)
  return gcsSettings({
    address,
    name: address.label,
    capabilities: address.row.capabilities,
    options: { credentials: { credentialsJson: JSON.stringify(credentials) } },
    platform: { env: {}, fileSystem: false, now: Date.now },
  })
}

async function control(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}/__control/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return response.status === 204 ? undefined : response.json()
}

async function requests(): Promise<string[]> {
  const log = (await control('GET', `requests?bucket=${bucket}`)) as {
    requests: { operation: string }[]
  }
  return log.requests.map(({ operation }) => operation)
}

const clearRequests = () => control('DELETE', `requests?bucket=${bucket}`)

function put(
  key: string,
  text: string | Uint8Array,
  options: Partial<Parameters<Driver['put']>[2]> = {},
) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  return driver.put(key, { bytes }, { mode: 'overwrite', signal, ...options })
}

async function read(key: string, options: Partial<Parameters<Driver['get']>[1]> = {}) {
  const { body } = await driver.get(key, { signal, ...options })
  return Buffer.from(await new Response(body).arrayBuffer())
}

/** In pieces that fit nothing, without a length unless one is given. */
function streamOf(bytes: Uint8Array, size?: number): Content {
  let at = 0
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += 700_001)))
    },
  })
  return size === undefined ? { stream } : { stream, size }
}

function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = index * 7 + (index >> 11)
  return bytes
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64')

async function failure(promise: Promise<unknown>, kind: ErrorKind): Promise<StorageError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof StorageError)) throw new Error(`no storage error: ${String(error)}`)
  expect([error.kind, error.message]).toEqual([kind, error.message])
  expect(error.message).not.toMatch(/Bearer|ya29|Signature=/)
  return error
}

describe('one object', () => {
  const properties = {
    contentType: 'text/plain; charset=utf-8',
    contentEncoding: 'identity',
    contentDisposition: 'attachment; filename="a b.txt"',
    contentLanguage: 'de',
    cacheControl: 'max-age=60',
    metadata: { plain: 'value', name: 'Größe 漢 🙂', tricky: '=?UTF-8?B?eA==?=', spaced: ' a  b ' },
    storageClass: 'NEARLINE',
  }

  it('keeps its properties whether head or get tells of them', async () => {
    const written = await put('a/ö 漢🙂?#%.txt', 'hello', properties)
    const head = await driver.head('a/ö 漢🙂?#%.txt', { signal })
    expect(head).toMatchObject({ ...properties, key: 'a/ö 漢🙂?#%.txt', size: 5 })
    expect(head.checksums).toEqual({
      crc32c: digestOf('crc32c', Buffer.from('hello')),
      md5: md5(Buffer.from('hello')),
    })
    expect(written).toMatchObject({
      size: 5,
      etag: head.etag,
      version: head.etag,
      checksums: head.checksums,
    })
    const { info, body } = await driver.get('a/ö 漢🙂?#%.txt', { signal })
    await body.cancel()
    expect({ ...info, modified: null }).toEqual({ ...head, modified: null })
  })

  it('takes the default cache control of private objects for none', async () => {
    await put('plain', 'x')
    const { info, body } = await driver.get('plain', { signal })
    await body.cancel()
    expect(info.cacheControl).toBeUndefined()
    expect((await driver.head('plain', { signal })).cacheControl).toBeUndefined()
  })

  it('comes back as stored though it says gzip, whole and in ranges', async () => {
    const stored = gzipSync(pattern(100_000))
    await put('packed', stored, { contentEncoding: 'gzip' })
    expect((await read('packed')).equals(stored)).toBe(true)
    const range = await read('packed', { range: { first: 10, last: 19 } })
    expect(range.equals(stored.subarray(10, 20))).toBe(true)
    expect((await driver.get('packed', { signal })).info.size).toBe(stored.length)
  })

  it('is made once only by create, and replaced only by its generation', async () => {
    const first = await put('once', '1', { mode: 'create' })
    await failure(put('once', '2', { mode: 'create' }), 'exists')
    await put('once', '2', { mode: { ifMatch: first.etag } })
    await failure(put('once', '3', { mode: { ifMatch: first.etag } }), 'precondition')
    expect(String(await read('once'))).toBe('2')
    await failure(driver.get('once', { signal, ifMatch: first.etag }), 'precondition')
  })

  it.each(['crc32c', 'md5'] as const)('is refused with another %s', async (algorithm) => {
    const right = { algorithm, value: digestOf(algorithm, Buffer.from('right')) }
    await put('checked', 'right', { checksum: right })
    await failure(put('checked', 'wrong', { checksum: right }), 'corrupt')
    expect(String(await read('checked'))).toBe('right')
  })

  it('fails in kinds, not in words', async () => {
    await put('there', 'x')
    await failure(driver.head('gone', { signal }), 'not-found')
    await failure(driver.get('gone', { signal }), 'not-found')
    await failure(driver.get('there', { signal, range: { first: 1 } }), 'invalid')
    await failure(put('there', 'x', { storageClass: 'FROZEN' }), 'invalid')
    const nowhere = createGcsDriver(settingsOf('gs://no-such-bucket'))
    const error = await failure(nowhere.head('k', { signal }), 'not-found')
    expect(error.message).toContain('bucket "no-such-bucket"')
  })
})

describe('streams', () => {
  it('with a length are one request', async () => {
    const bytes = pattern(3_000_000)
    await driver.put('sized', streamOf(bytes, bytes.length), { mode: 'overwrite', signal })
    expect((await read('sized')).equals(bytes)).toBe(true)
    expect(await requests()).toEqual(['objects.insert', 'objects.download'])
  })

  it.each([-1, 1])('that are off by %i from their length write nothing', async (off) => {
    const bytes = pattern(900_000)
    const content = streamOf(bytes, bytes.length + off)
    await failure(driver.put('lie', content, { mode: 'overwrite', signal }), 'invalid')
    await failure(driver.head('lie', { signal }), 'not-found')
  })

  it.each(['goes on', 'fails'])('that %s after the announced length write nothing', async (how) => {
    let pieces = 0
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (++pieces === 2) {
          // Time enough for what was announced to become an object.
          for (let i = 0; i < 20; i++) await driver.head('more', { signal }).catch(() => undefined)
          if (how === 'fails') return controller.error(new TypeError('the disk went away'))
        }
        if (pieces === 3) controller.close()
        else controller.enqueue(pattern(1000))
      },
    })
    const written = driver.put('more', { stream, size: 1000 }, { mode: 'overwrite', signal })
    await expect(written).rejects.toThrow(
      how === 'fails' ? 'the disk went away' : 'held 2000 bytes',
    )
    await failure(driver.head('more', { signal }), 'not-found')
  })

  it('are let go of when the write is refused before their end', async () => {
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel() {
        cancelled = true
      },
    })
    const action = { status: 403, reason: 'forbidden' }
    await control('POST', 'faults', [{ bucket, times: 1, action }])
    const refused = driver.put('no', { stream, size: 1e9 }, { mode: 'overwrite', signal })
    await failure(refused, 'denied')
    expect(cancelled).toBe(true)
  })

  it.each([0, 5, 8 * MiB, 16 * MiB, 16 * MiB + 3])(
    'of unknown length: %i bytes',
    async (length) => {
      const bytes = pattern(length)
      const checksum = { algorithm: 'crc32c' as const, value: digestOf('crc32c', bytes) }
      const info = await driver.put('unsized', streamOf(bytes), {
        mode: 'create',
        checksum,
        metadata: { tricky: '=?x?=' },
        signal,
      })
      expect(info.size).toBe(length)
      expect((await read('unsized')).equals(bytes)).toBe(true)
      expect((await driver.head('unsized', { signal })).metadata).toEqual({ tricky: '=?x?=' })
      await failure(driver.put('unsized', streamOf(bytes), { mode: 'create', signal }), 'exists')
    },
  )

  it('that fail on the way write nothing, and fail with their own reason', async () => {
    const own = new Error('the disk went away')
    for (const size of [undefined, 20 * MiB]) {
      let pulls = 0
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (++pulls > 18) controller.error(own)
          else controller.enqueue(new Uint8Array(MiB))
        },
      })
      const content = size === undefined ? { stream } : { stream, size }
      await expect(driver.put('broken', content, { mode: 'overwrite', signal })).rejects.toBe(own)
    }
    await failure(driver.head('broken', { signal }), 'not-found')
  })

  it('of another digest are refused by the session too', async () => {
    const checksum = { algorithm: 'md5' as const, value: md5(Buffer.from('other')) }
    const content = streamOf(pattern(9 * MiB))
    await failure(driver.put('s', content, { mode: 'overwrite', checksum, signal }), 'corrupt')
  })
})

describe('a session', () => {
  it('sends again what was not kept of a piece', async () => {
    const pieces: string[] = []
    let kept = ''
    const google = await startAnswering(({ method, headers, body }) => {
      if (method === 'POST') return { status: 200, headers: { location: `${google.url}/session` } }
      const span = String(headers['content-range'])
      pieces.push(span)
      // Of the first piece the beginning alone.
      kept += pieces.length === 1 ? body.slice(0, 256 * 1024) : body
      if (span.endsWith('/*')) {
        return { status: 308, headers: { range: `bytes=0-${kept.length - 1}` } }
      }
      return { status: 200, body: JSON.stringify({ name: 'k', size: `${kept.length}` }) }
    })
    const settings = { ...settingsOf(`gs://${bucket}`), endpoint: google.url, accessToken: null }
    const text = 'abcdefg'.repeat(1.5 * MiB)
    const content = streamOf(Buffer.from(text))
    const info = await createGcsDriver(settings).put('k', content, { mode: 'overwrite', signal })
    await google.stop()
    expect(info.size).toBe(text.length)
    expect(kept === text).toBe(true)
    expect(pieces).toEqual([
      `bytes 0-${8 * MiB - 1}/*`,
      `bytes ${256 * 1024}-${8 * MiB - 1}/*`,
      `bytes ${8 * MiB}-${text.length - 1}/${text.length}`,
    ])
  })
})

describe('listing', () => {
  it('goes on after a key, in pages, folding by the delimiter', async () => {
    for (const key of ['a', 'a b', 'a/1', 'a/2', 'a0', 'b/1']) await put(key, 'x')
    const keys = async (options: object) => {
      const page = await driver.list({ signal, ...options })
      return [...page.objects.map(({ key }) => key), ...page.prefixes]
    }
    expect(await keys({ after: 'a' })).toEqual(['a b', 'a/1', 'a/2', 'a0', 'b/1'])
    expect(await keys({ after: 'a/2', delimiter: '/' })).toEqual(['a0', 'b/'])
    expect(await keys({ prefix: 'a/' })).toEqual(['a/1', 'a/2'])
    const first = await driver.list({ signal, limit: 4 })
    const second = await driver.list({ signal, limit: 4, cursor: first.cursor })
    expect(second.objects.map(({ key }) => key)).toEqual(['a0', 'b/1'])
    expect(second.cursor).toBeUndefined()
    expect(first.objects[0]).toMatchObject({ checksums: { md5: md5(Buffer.from('x')) }, size: 1 })
  })
})

describe('deletes', () => {
  it('answer each key for itself, in one request', async () => {
    const a = await put('a', '1')
    const b = await put('b ö?&', '1')
    await put('b ö?&', '2')
    await clearRequests()
    const results = await driver.delete(
      [
        { key: 'a', ifMatch: a.etag },
        { key: 'b ö?&', ifMatch: b.etag },
        { key: 'never' },
        { key: 'b ö?&', ifMatch: 'not-a-generation' },
      ],
      { signal },
    )
    expect(results.map(({ key, error }) => [key, error?.kind])).toEqual([
      ['a', undefined],
      ['b ö?&', 'precondition'],
      ['never', undefined],
      ['b ö?&', 'precondition'],
    ])
    expect((await driver.list({ signal })).objects.map(({ key }) => key)).toEqual(['b ö?&'])
  })

  it('of one key do not hide that the bucket is missing', async () => {
    const nowhere = createGcsDriver(settingsOf('gs://no-such-bucket'))
    for (const targets of [[{ key: 'a' }], [{ key: 'a' }, { key: 'b' }]]) {
      const [result] = await nowhere.delete(targets, { signal })
      expect(result?.error?.kind).toBe('not-found')
    }
    expect(await driver.delete([{ key: 'absent' }], { signal })).toEqual([{ key: 'absent' }])
  })

  it('take one version and leave the others', async () => {
    await control('POST', 'buckets', { name: bucket, versioning: true })
    const old = await put('v', '1')
    const latest = await put('v', '2')
    await put('v2', 'x')
    await driver.delete([{ key: 'v2' }], { signal })
    const { versions = [] } = (await driver.versions?.list({ signal })) ?? {}
    expect(versions.map((one) => [one.key, one.version, one.latest, one.deleted])).toEqual([
      ['v', old.etag, false, false],
      ['v', latest.etag, true, false],
      ['v2', expect.any(String), false, false],
    ])
    expect(String(await read('v', { version: old.etag }))).toBe('1')
    await driver.delete([{ key: 'v', version: old.etag }], { signal })
    expect(String(await read('v'))).toBe('2')
    await failure(driver.head('v', { signal, version: old.etag }), 'not-found')
  })
})

describe('copies', () => {
  const properties = { contentType: 'a/b', cacheControl: 'no-store', metadata: { a: 'ö' } }

  it('take as many calls as Google wants, and all that travels', async () => {
    const bytes = pattern(3 * MiB + 1)
    await put('from ö', bytes, { ...properties, storageClass: 'COLDLINE' })
    await clearRequests()
    const info = await driver.copy({ key: 'from ö' }, 'to/ö', { mode: 'create', signal })
    expect(info).toMatchObject({ ...properties, key: 'to/ö', storageClass: 'COLDLINE' })
    expect((await read('to/ö')).equals(bytes)).toBe(true)
    expect((await requests()).filter((name) => name === 'objects.rewrite')).toHaveLength(4)
  })

  it('hold to the source and to the destination', async () => {
    const a = await put('a', '1')
    const b = await put('b', '2')
    await failure(driver.copy({ key: 'a' }, 'b', { mode: 'create', signal }), 'exists')
    await failure(
      driver.copy({ key: 'a' }, 'b', { mode: { ifMatch: a.etag }, signal }),
      'precondition',
    )
    await failure(
      driver.copy({ key: 'a', ifMatch: b.etag }, 'c', { mode: 'create', signal }),
      'precondition',
    )
    await driver.copy({ key: 'a', ifMatch: a.etag }, 'b', { mode: { ifMatch: b.etag }, signal })
    expect(String(await read('b'))).toBe('1')
    await failure(driver.copy({ key: 'gone' }, 'c', { mode: 'create', signal }), 'not-found')
  })

  it('replace properties but for the class', async () => {
    await put('a', '1', { ...properties, storageClass: 'ARCHIVE' })
    const replaced = { contentType: 'x/y', metadata: { b: 'c' } }
    const options = { mode: 'overwrite' as const, properties: replaced, signal }
    await driver.copy({ key: 'a' }, 'b', options)
    expect(await driver.head('b', { signal })).toMatchObject({
      ...replaced,
      storageClass: 'ARCHIVE',
    })
    expect((await driver.head('b', { signal })).cacheControl).toBeUndefined()
  })

  it('change a class and nothing else', async () => {
    await put('a', '1', properties)
    await driver.classes?.setClass('a', 'NEARLINE', { signal })
    expect(await driver.head('a', { signal })).toMatchObject({
      ...properties,
      storageClass: 'NEARLINE',
    })
  })
})

describe('uploads in parts', () => {
  const parts = () => {
    if (!driver.multipart) throw new Error('no multipart')
    return driver.multipart
  }
  const properties = { contentType: 'a/b', metadata: { name: 'ö' }, storageClass: 'NEARLINE' }

  async function send(key: string, mode: 'overwrite' | 'create' | { ifMatch: string }) {
    const uploadId = await parts().begin(key, { ...properties, mode, signal })
    const checksum = { algorithm: 'crc32c' as const, value: digestOf('crc32c', pattern(MiB)) }
    const two = await parts().part(key, uploadId, 2, streamOf(pattern(900)), { signal })
    const one = await parts().part(key, uploadId, 1, { bytes: pattern(MiB) }, { signal, checksum })
    expect(one).toMatchObject({ partNumber: 1, size: MiB, checksum })
    return { uploadId, sent: [one, two] }
  }

  it.each(['overwrite', 'create'] as const)('come to be whole: %s', async (mode) => {
    const { uploadId, sent } = await send('big ö', mode)
    await failure(driver.head('big ö', { signal }), 'not-found')
    const listed = await parts().listParts?.('big ö', uploadId, { signal })
    expect(listed?.parts).toEqual(sent.map((part) => ({ ...part, checksum: undefined })))
    const info = await parts().complete('big ö', uploadId, sent, { ...properties, mode, signal })
    const bytes = Buffer.concat([pattern(MiB), pattern(900)])
    expect(info).toMatchObject({ ...properties, key: 'big ö', size: bytes.length })
    expect(info.checksums).toEqual({ crc32c: digestOf('crc32c', bytes) })
    expect((await read('big ö')).equals(bytes)).toBe(true)
    expect((await driver.list({ signal })).objects.map(({ key }) => key)).toEqual(['big ö'])
  })

  it('under a condition touch nothing when it does not hold, and leave nothing', async () => {
    const { uploadId, sent } = await send('big', 'create')
    const rival = await put('big', 'rival')
    const options = { ...properties, mode: 'create' as const, signal }
    await failure(parts().complete('big', uploadId, sent, options), 'exists')
    expect(String(await read('big'))).toBe('rival')
    expect((await driver.list({ signal })).objects).toHaveLength(1)

    const mode = { ifMatch: rival.etag }
    const replacing = await send('big', mode)
    await parts().complete('big', replacing.uploadId, replacing.sent, {
      ...properties,
      mode,
      signal,
    })
    expect((await driver.head('big', { signal })).size).toBe(MiB + 900)
  })

  it('go on from the staging object when a completion broke off', async () => {
    const { uploadId, sent } = await send('big', 'create')
    const fault = {
      bucket,
      operation: 'objects.rewrite',
      times: 1,
      action: { status: 503, reason: 'backendError' },
    }
    await control('POST', 'faults', [fault])
    const options = { ...properties, mode: 'create' as const, signal }
    const error = await failure(parts().complete('big', uploadId, sent, options), 'unavailable')
    expect(error.ambiguous).toBe(true)
    await parts().complete('big', uploadId, sent, options)
    expect((await driver.list({ signal })).objects.map(({ key }) => key)).toEqual(['big'])
  })

  it('are found complete when the answer to it was lost', async () => {
    const { uploadId, sent } = await send('big', 'overwrite')
    const lost = { bucket, operation: 'multipart.complete', times: 1, action: { loseAnswer: true } }
    await control('POST', 'faults', [lost])
    const options = { ...properties, mode: 'overwrite' as const, signal }
    await failure(parts().complete('big', uploadId, sent, options), 'unavailable')
    const info = await parts().complete('big', uploadId, sent, options)
    expect(info).toMatchObject({ key: 'big', size: MiB + 900 })
    await put('big', 'another since')
    await failure(parts().complete('big', uploadId, sent, options), 'not-found')
  })

  it('cannot take a condition that they were not begun with', async () => {
    const { uploadId, sent } = await send('big', 'overwrite')
    const options = { ...properties, mode: 'create' as const, signal }
    await failure(parts().complete('big', uploadId, sent, options), 'invalid')
  })

  it('are listed until they are aborted, staged ones under the key that they are staged at', async () => {
    const plain = await send('big', 'overwrite')
    const staged = await send('big', 'create')
    const { uploads = [] } = (await parts().listUploads?.({ signal })) ?? {}
    expect(uploads).toHaveLength(2)
    expect(uploads.find(({ key }) => key === 'big')).toMatchObject({ uploadId: plain.uploadId })
    const other = uploads.find(({ key }) => key.startsWith('in/here/.skein/staging/'))
    if (!other) throw new Error('no staged upload')
    await parts().abort(other.key, other.uploadId, { signal })
    await parts().abort('big', plain.uploadId, { signal })
    await parts().abort('big', plain.uploadId, { signal })
    await parts().abort('big', staged.uploadId, { signal })
    expect((await parts().listUploads?.({ signal }))?.uploads).toEqual([])
    const gone = parts().listParts?.('big', plain.uploadId, { signal })
    await failure(Promise.resolve(gone), 'not-found')
  })

  it('take signed parts, staged or not', async () => {
    const signer = createGcsSigner(settingsOf(`gs://${bucket}/in/here`))
    for (const mode of ['overwrite', 'create'] as const) {
      const uploadId = await parts().begin('signed', { mode, signal })
      const bytes = Buffer.from('hello')
      const { url, headers, method } = await signer.presign({
        action: 'part',
        key: 'signed',
        uploadId,
        partNumber: 1,
        contentLength: bytes.length,
        checksum: { algorithm: 'crc32c', value: digestOf('crc32c', bytes) },
        expiresInSeconds: 60,
      })
      const answer = await fetch(url, { method, headers, body: bytes })
      expect(answer.status).toBe(200)
      const { parts: listed = [] } =
        (await parts().listParts?.('signed', uploadId, { signal })) ?? {}
      await parts().complete('signed', uploadId, listed, { mode, signal })
      expect(String(await read('signed'))).toBe('hello')
      await driver.delete([{ key: 'signed' }], { signal })
    }
  })
})

describe('retention', () => {
  it('is set, told, and held to', async () => {
    await control('POST', 'buckets', {
      name: bucket,
      resource: { objectRetention: { mode: 'Enabled' } },
    })
    const retention = { mode: 'compliance' as const, until: new Date(Date.now() + 86_400_000) }
    await put('a', '1')
    expect(await driver.retention?.get('a', { signal })).toEqual({ hold: false })
    await driver.retention?.setRetention('a', retention, { signal })
    await driver.retention?.setHold('a', true, { signal })
    expect(await driver.retention?.get('a', { signal })).toEqual({ retention, hold: true })
    await driver.retention?.setHold('a', false, { signal })
    const [result] = await driver.delete([{ key: 'a' }], { signal })
    expect(result?.error?.kind).toBe('denied')
  })
})

describe('trouble', () => {
  const fault = (action: object, more: object = {}) =>
    control('POST', 'faults', [{ bucket, times: 1, action, ...more }])

  it.each([
    {
      action: { status: 429, reason: 'rateLimitExceeded', retryAfter: 7 },
      kind: 'throttled',
      ambiguous: false,
    },
    { action: { status: 503, reason: 'backendError' }, kind: 'unavailable', ambiguous: true },
    { action: { status: 403, reason: 'forbidden' }, kind: 'denied', ambiguous: false },
    { action: { loseAnswer: true }, kind: 'unavailable', ambiguous: true },
    { action: { cutRequestAfterBytes: 3 }, kind: 'unavailable', ambiguous: true },
  ] as const)('on a write: $action', async ({ action, kind, ambiguous }) => {
    await fault(action)
    const error = await failure(put('k', 'some bytes'), kind)
    expect(error.ambiguous).toBe(ambiguous)
    expect(error.retryAfterSeconds).toBe('retryAfter' in action ? action.retryAfter : undefined)
  })

  it('a read that was cut ends in an error, not early', async () => {
    await put('k', pattern(2 * MiB))
    await fault({ cutAfterBytes: MiB }, { method: 'GET' })
    await expect(read('k')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('an answer that was cut is none, and leaves open whether a write was done', async () => {
    await put('a', '1')
    await fault({ cutAfterBytes: 5 }, { operation: 'objects.list' })
    const listed = await failure(driver.list({ signal }), 'unavailable')
    expect(listed.ambiguous).toBe(false)
    await fault({ cutAfterBytes: 5 }, { operation: 'objects.rewrite' })
    const copied = driver.copy({ key: 'a' }, 'b', { mode: 'create', signal })
    expect((await failure(copied, 'unavailable')).ambiguous).toBe(true)
  })

  it('an abort ends what hangs', async () => {
    await put('k', 'x')
    for (const run of [
      (given: AbortSignal) => driver.head('k', { signal: given }),
      (given: AbortSignal) => driver.get('k', { signal: given }),
    ]) {
      await fault({ hang: true })
      const controller = new AbortController()
      const asked = run(controller.signal)
      controller.abort(new Error('enough'))
      await expect(asked).rejects.toSatisfy((error) => !isStorageError(error))
    }
    await control('DELETE', `faults?bucket=${bucket}`)
  })

  it('a server that is not there is unavailable, and nothing is ambiguous', async () => {
    const gone = await startGcsServer()
    const address = parseStoreUri(`gs://${bucket}?endpoint=${gone.url}`)
    const settings = { ...settingsOf(`gs://${bucket}`), endpoint: gone.url, name: address.label }
    await gone.close()
    const there = createGcsDriver(settings)
    const error = await failure(there.delete([{ key: 'k' }], { signal }), 'unavailable')
    expect([error.ambiguous, error.message]).toEqual([
      false,
      expect.stringContaining('ECONNREFUSED'),
    ])
  })
})
