// What S3's refusals become: a kind that code can act on, and a sentence that tells a person what to do.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import type { S3Server } from '../servers/s3/server.ts'
import { deniedCredential, startS3Server } from '../servers/s3/server.ts'
import { KEYS, bytes, openTestBucket, refusal, signal, textOf } from './s3-bucket.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server.close())

const overwrite = { mode: 'overwrite', signal } as const

describe('a store opened wrongly', () => {
  test('in another region is told the right one, by every call', async () => {
    const dialect = { regions: ['eu-west-1'] }
    const { driver, name } = await openTestBucket(server, { dialect })
    const calls = [
      () => driver.put('key', bytes('x'), overwrite),
      () => driver.head('key', { signal }),
      () => driver.list({ signal }),
      () => driver.delete([{ key: 'key' }], { signal }),
    ]
    for (const call of calls) {
      const { message, key } = await refusal('invalid', call())
      assert.equal(
        message,
        `The bucket "${name}" of s3://${name} is in eu-west-1, not us-east-1; put ?region=eu-west-1 in its URI.`,
      )
      assert.equal(key, undefined)
    }
  })

  test('by a machine whose clock is off is told by how much, and goes on', async () => {
    const own = await startS3Server({ now: () => Date.now() + 20 * 60_000 })
    try {
      const { driver } = await openTestBucket(own)
      const error = await refusal('unauthenticated', driver.put('key', bytes('x'), overwrite))
      assert.match(error.message, /^This machine's clock is off by about 20 minutes .*; set it\.$/)
      assert.equal(error.retry, 'now')
      await driver.put('key', bytes('x'), overwrite)
    } finally {
      await own.close()
    }
  })

  test('on no bucket is told so, and no absent key is made of it', async () => {
    const { reopen } = await openTestBucket(server)
    const driver = reopen({ bucket: 'no-such-bucket' })
    const calls = [() => driver.list({ signal }), () => driver.delete([{ key: 'a' }], { signal })]
    for (const call of calls) {
      const { message, key } = await refusal('not-found', call())
      assert.match(message, /names the bucket "no-such-bucket", and there is none/)
      assert.equal(key, undefined)
    }
  })

  test('with a wrong secret is told by a HEAD too, and nothing of it is shown', async () => {
    const { reopen } = await openTestBucket(server)
    const secretAccessKey = 'wrong-secret-wrong-secret'
    const driver = reopen({ credentials: () => ({ ...KEYS, secretAccessKey, sessionToken: '' }) })
    const error = await refusal('unauthenticated', driver.head('key', { signal }))
    assert.match(error.message, /SignatureDoesNotMatch; check its access key and secret/)
    const shown = inspect(error, { depth: 10 })
    for (const secret of [secretAccessKey, KEYS.accessKeyId, 'Signature=', 'AWS4-HMAC-SHA256']) {
      assert.ok(!shown.includes(secret), `${secret} is shown`)
    }
  })

  test('with keys that may do nothing is denied', async () => {
    const { reopen } = await openTestBucket(server)
    const driver = reopen({ credentials: () => deniedCredential })
    await refusal('denied', driver.head('key', { signal }))
    await refusal('denied', driver.put('key', bytes('x'), overwrite))
  })

  test('at an endpoint where nothing answers is told, and nothing was sent', async () => {
    const { reopen } = await openTestBucket(server)
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const address = closed.address()
    const port = typeof address === 'object' ? address?.port : 0
    closed.close()
    await once(closed, 'close')
    for (const endpoint of [`http://127.0.0.1:${port}`, 'http://no-such-host.invalid']) {
      const error = await refusal('unavailable', reopen({ endpoint }).head('key', { signal }))
      assert.equal(error.ambiguous, false)
      assert.match(error.message, /^The host \S+ of s3:.* check (its endpoint|the network)/)
    }
  })
})

describe('an answer', () => {
  const cases: [
    status: number,
    code: string,
    kind: ErrorKind,
    retry: string,
    ambiguous: boolean,
  ][] = [
    [503, 'SlowDown', 'throttled', 'later', false],
    [429, 'TooManyRequests', 'throttled', 'later', false],
    [503, 'ServiceUnavailable', 'unavailable', 'later', false],
    [500, 'InternalError', 'unavailable', 'later', true],
    [502, 'BadGateway', 'unavailable', 'later', true],
    [504, 'GatewayTimeout', 'unavailable', 'later', true],
    [400, 'RequestTimeout', 'unavailable', 'now', false],
    [400, 'ExpiredToken', 'unauthenticated', 'never', false],
    [400, 'EntityTooLarge', 'too-large', 'never', false],
    [400, 'SomethingElse', 'invalid', 'never', false],
    [403, 'AccessDenied', 'denied', 'never', false],
    [501, 'NotImplemented', 'unsupported', 'never', false],
  ]
  for (const [status, code, kind, retry, ambiguous] of cases) {
    test(`${status} ${code} is ${kind}`, async () => {
      const { driver, fault } = await openTestBucket(server)
      await fault({ operation: 'PutObject', action: { status, code } })
      const error = await refusal(kind, driver.put('a key', bytes('x'), overwrite))
      assert.deepEqual([error.retry, error.ambiguous], [retry, ambiguous])
      assert.equal(error.status, status)
      assert.equal(error.key, 'a key')
      assert.ok(error.message.includes('"a key"') && error.message.endsWith('.'), error.message)
    })
  }

  test('says when to come back', async () => {
    const { driver, fault } = await openTestBucket(server)
    await fault({ action: { status: 503, code: 'SlowDown', retryAfter: 7 } })
    const error = await refusal('throttled', driver.list({ signal }))
    assert.equal(error.retryAfterSeconds, 7)
  })

  test('that is lost leaves the outcome open', async () => {
    const { driver, fault } = await openTestBucket(server)
    await fault({ operation: 'PutObject', action: { loseAnswer: true } })
    const { ambiguous, message } = await refusal(
      'unavailable',
      driver.put('key', bytes('x'), overwrite),
    )
    assert.equal(ambiguous, true)
    assert.match(message, /broke off at a request for "key"/)
    assert.equal((await driver.head('key', { signal })).size, 1)
  })

  test('of 200 with an error is an error of a copy too', async () => {
    const { driver, fault } = await openTestBucket(server)
    await driver.put('from', bytes('x'), overwrite)
    await fault({ operation: 'CopyObject', action: { okWithError: 'SlowDown' } })
    await refusal('throttled', driver.copy({ key: 'from' }, 'to', overwrite))
    await refusal('not-found', driver.head('to', { signal }))
  })

  test('that is no answer of S3 is not taken for an empty bucket, or for an object', async () => {
    const welcome: RequestListener = (_, response) => {
      response.setHeader('content-type', 'text/html').end('<html><body>Welcome!</body></html>')
    }
    await withStranger(welcome, async (driver) => {
      await refusal('internal', driver.list({ signal }))
      await refusal('internal', driver.versions!.list({ signal }))
      await refusal('internal', driver.head('key', { signal }))
      await refusal('internal', driver.get('key', { signal }))
      const { ambiguous } = await refusal('internal', driver.put('key', bytes('x'), overwrite))
      assert.equal(ambiguous, true)
      await refusal('internal', driver.multipart!.begin('key', overwrite))
      await refusal('internal', driver.multipart!.listUploads!({ signal }))
    })
  })

  test('that holds half a listing and no way on is not taken for the whole', async () => {
    const half = xmlOf(
      'ListBucketResult',
      '<Name>b</Name><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>',
    )
    await withStranger(half, async (driver) => {
      await refusal('internal', driver.list({ signal }))
    })
  })

  test('that names a failure of no key asked for leaves no key for deleted', async () => {
    const failed = xmlOf(
      'DeleteResult',
      '<Error><Key>a</Key><VersionId>null</VersionId><Code>AccessDenied</Code></Error>',
    )
    await withStranger(failed, async (driver) => {
      await refusal('internal', driver.delete([{ key: 'a' }, { key: 'b' }], { signal }))
    })
  })

  test('with the whole where a range was asked for gives no wrong bytes', async () => {
    const whole: RequestListener = (_, response) => {
      response.setHeader('etag', `"${'0'.repeat(32)}"`).end('0123456789')
    }
    await withStranger(whole, async (driver) => {
      const { message } = await refusal(
        'internal',
        driver.get('key', { range: { first: 5 }, signal }),
      )
      assert.match(message, /"key" with nothing that it would say/)
      const { body } = await driver.get('key', { range: { first: 0 }, signal })
      assert.equal(await textOf(body), '0123456789')
    })
  })

  function xmlOf(root: string, content: string): RequestListener {
    const text = `<?xml version="1.0"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`
    return (_, response) => response.setHeader('content-type', 'application/xml').end(text)
  }

  test('of an empty 503 from a proxy leaves the outcome open', async () => {
    const busy: RequestListener = (_, response) => response.writeHead(503).end()
    await withStranger(busy, async (driver) => {
      const { ambiguous } = await refusal('unavailable', driver.list({ signal }))
      assert.equal(ambiguous, true)
    })
  })

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
})

describe('a body that breaks off', () => {
  test('fails the stream, and is no end of it', async () => {
    const { driver, fault } = await openTestBucket(server)
    await driver.put('key', { bytes: new Uint8Array(100_000) }, overwrite)
    await fault({ operation: 'GetObject', action: { cutAfterBytes: 10 } })
    const { body } = await driver.get('key', { signal })
    await assert.rejects(textOf(body))
  })
})

describe('keys that end', () => {
  test('are asked for again', async () => {
    const { reopen } = await openTestBucket(server)
    let asked = 0
    const credentials = () => ({ ...KEYS, expiresAt: new Date(Date.now() + ++asked * 60_000) })
    const driver = reopen({ credentials })
    await driver.put('key', bytes('x'), overwrite)
    await driver.head('key', { signal })
    assert.ok(asked >= 2)
  })
})
