// What the S3 driver makes of answers that are XML, or should have been, and what it sends as XML itself.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import type { S3Server } from '../servers/s3/server.ts'
import { startS3Server } from '../servers/s3/server.ts'
import { bytes, openTestBucket, refusal, signal } from './s3-bucket.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server.close())

const overwrite = { mode: 'overwrite', signal } as const
const PARTS = [{ partNumber: 1, size: 3, etag: 'opaque' }]

async function withStranger(
  listener: RequestListener,
  run: (driver: Driver) => Promise<void>,
): Promise<void> {
  const { reopen } = await openTestBucket(server)
  const stranger = createServer(listener).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const address = stranger.address()
  const port = typeof address === 'object' ? address?.port : 0
  try {
    await run(reopen({ endpoint: `http://127.0.0.1:${port}` }))
  } finally {
    stranger.closeAllConnections()
    stranger.close()
  }
}

const say =
  (text: string): RequestListener =>
  (_, response) =>
    response.setHeader('content-type', 'application/xml').end(text)

describe('an answer that begins before its outcome is known', () => {
  const RESULT =
    '<CompleteMultipartUploadResult><ETag>&quot;a-1&quot;</ETag></CompleteMultipartUploadResult>'
  const complete = (driver: Driver) => driver.multipart!.complete('key', 'id', PARTS, overwrite)

  test('is read past the white space that kept it alive', async () => {
    await withStranger(say(`   \n\n  <?xml version="1.0"?>\n${RESULT}`), async (driver) => {
      assert.equal((await complete(driver)).etag, 'a-1')
    })
  })

  test('is a refusal where an error follows the white space', async () => {
    const error = '<Error><Code>PreconditionFailed</Code><Message>no &amp; no</Message></Error>'
    await withStranger(say(`  \n <?xml version="1.0"?>${error}`), async (driver) => {
      const create = { mode: 'create', signal } as const
      await refusal('exists', driver.multipart!.complete('key', 'id', PARTS, create))
    })
  })

  test('and holds nothing else leaves the outcome open', async () => {
    await withStranger(say(' \n  '), async (driver) => {
      const seen = { ...(await known()), size: 3 }
      const calls = [
        () => complete(driver),
        () => driver.copy({ key: 'from', seen }, 'to', overwrite),
        () => driver.delete([{ key: 'a' }, { key: 'b' }], { signal }),
      ]
      for (const call of calls) {
        const { ambiguous } = await refusal('unavailable', call())
        assert.equal(ambiguous, true)
      }
    })
  })

  test('that breaks off is none', async () => {
    const half: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write(RESULT)
      setImmediate(() => response.destroy())
    }
    await withStranger(half, async (driver) => {
      const { ambiguous } = await refusal('unavailable', complete(driver))
      assert.equal(ambiguous, true)
    })
  })
})

async function known() {
  const { driver } = await openTestBucket(server)
  await driver.put('known', bytes('abc'), overwrite)
  return driver.head('known', { signal })
}

describe('somebody’s home page', () => {
  test('is no deletion, no tags and no copy', async () => {
    await withStranger(say('<!DOCTYPE html><html><body>Hi<br></body></html>'), homeless)
    await withStranger(say('<html><body>Hi<br></body></html>'), homeless)
  })

  async function homeless(driver: Driver): Promise<void> {
    await refusal('internal', driver.delete([{ key: 'a' }, { key: 'b' }], { signal }))
    await refusal('internal', driver.tags!.get('key', { signal }))
    const seen = await known()
    await refusal('internal', driver.copy({ key: 'from', seen }, 'to', overwrite))
  }
})

describe('what is listed', () => {
  const VERSIONS = ['Version', 'DeleteMarker', 'Version'].map(
    (name, i) =>
      `<${name}><Key>key</Key><VersionId>v${i}</VersionId><IsLatest>false</IsLatest>` +
      `<LastModified>2026-01-01T00:00:00.000Z</LastModified></${name}>`,
  )

  test('of one second keeps its order, markers among versions', async () => {
    const xml = `<ListVersionsResult><Name>b</Name>${VERSIONS.join('')}</ListVersionsResult>`
    await withStranger(say(xml), async (driver) => {
      const { versions } = await driver.versions!.list({ signal })
      const seen = versions.map(({ version, deleted }) => `${version} ${deleted}`)
      assert.deepEqual(seen, ['v0 false', 'v1 true', 'v2 false'])
    })
  })

  test('without the encoding that was asked for is taken as it is', async () => {
    const contents = '<Contents><Key>a+b%20&lt;c&gt;</Key><Size>1</Size></Contents>'
    const xml = `<ListBucketResult><Name>b</Name>${contents}</ListBucketResult>`
    await withStranger(say(xml), async (driver) => {
      const { objects } = await driver.list({ signal })
      assert.deepEqual(
        objects.map(({ key, size }) => [key, size]),
        [['a+b%20<c>', 1]],
      )
    })
  })
})

describe('what is sent as XML', () => {
  test('goes with its digests, and no key can end its element', async () => {
    const sent: { request: IncomingMessage; body: string }[] = []
    const take = async (request: IncomingMessage): Promise<void> => {
      sent.push({ request, body: await readText(request) })
    }
    const listen: RequestListener = (request, response) => {
      void take(request).then(() => response.end('<DeleteResult/>'))
    }
    await withStranger(listen, async (driver) => {
      const keys = ['</Key><Key>other', '&amp;', '"quoted"']
      const targets = keys.map((key) => ({ key }))
      assert.deepEqual(await driver.delete(targets, { signal }), targets)
    })
    const { request, body } = sent[0]!
    assert.match(body, /<Key>&lt;\/Key&gt;&lt;Key&gt;other<\/Key>/)
    assert.match(body, /<Key>&amp;amp;<\/Key>/)
    const digest = (name: string, form: 'hex' | 'base64') =>
      createHash(name).update(body).digest(form)
    assert.equal(request.headers['content-md5'], digest('md5', 'base64'))
    assert.equal(request.headers['x-amz-content-sha256'], digest('sha256', 'hex'))
  })

  test('is signed with what it holds', async () => {
    const { driver } = await openTestBucket(server, { objectLock: true })
    await driver.put('key', bytes('x'), overwrite)
    const tags = { 'a b': 'ü+=@:/_.-', empty: '' }
    await driver.tags!.set('key', tags, { signal })
    assert.deepEqual(await driver.tags!.get('key', { signal }), tags)
    await driver.tags!.set('key', {}, { signal })
    assert.deepEqual(await driver.tags!.get('key', { signal }), {})
    const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000)
    await driver.retention!.setRetention('key', { mode: 'governance', until }, { signal })
    const { retention } = await driver.retention!.get('key', { signal })
    assert.deepEqual(retention, { mode: 'governance', until })
  })
})

describe('another bucket', () => {
  test('is copied from, as large as it may be, with its tags', async () => {
    const from = await openTestBucket(server)
    const to = await openTestBucket(server)
    const MiB = 1024 * 1024
    const content = { bytes: new Uint8Array(6 * MiB) }
    await from.driver.put('a ü', content, { ...overwrite, tags: { a: 'b' } })
    const inRanges = to.reopen(
      {},
      { copy: { maxBytes: 5 * MiB }, multipart: { maxPartBytes: 5 * MiB } },
    )
    const source = { key: 'a ü', bucket: from.name }
    for (const driver of [to.driver, inRanges]) {
      const { size } = await driver.copy(source, 'copy', overwrite)
      assert.equal(size, 6 * MiB)
      assert.deepEqual(await driver.tags!.get('copy', { signal }), { a: 'b' })
      await driver.delete([{ key: 'copy' }], { signal })
    }
  })
})
