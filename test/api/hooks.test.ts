// Hooks over a real socket, on the whole API: who is let in, what is in the queue when a 2xx comes, and what is
// left behind of whoever is not.

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '#shared/config/config.ts'
import type { Task } from '#shared/platform.ts'
import { HOOKS_REFUSED } from '#shared/api/hooks.ts'
import { createApi } from '#shared/api/api.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openSuite } from '#shared/suite.ts'
import type { Suite } from '#shared/suite.ts'
import { listen } from '../../functions/node/listener.ts'
import { vectorOf, vectorText } from '../events/vectors.ts'

const SECRET = 'a-secret-that-both-sides-of-it-know'
const NEXT = 'the-secret-that-will-take-its-place'
const B2_SECRET = '3XDfkdQte2OgA78qCtSD17LAzpj6ay9H'
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:s3-events'
const KEYS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'of-nobody' }

const oidc = vectorOf('oidc/google-push-jwt.json') as {
  now: number
  expect: { audience: string; email: string }
  jwks: object
  cases: { name: string; token: string }[]
}

const CONFIG = {
  stores: {
    photos: { uri: 's3://src-bucket?region=us-east-1', ...KEYS },
    thumbs: { uri: 's3://src-bucket/photos?region=us-east-1', ...KEYS },
    images: { uri: 'minio://images?endpoint=http://127.0.0.1:9', ...KEYS },
    google: { uri: 'gs://some-bucket', ...KEYS },
    blobs: { uri: 'az://mystorageaccount/test-container', accountKey: 'a2V5' },
    closed: { uri: 'az://mystorageaccount/closed', accountKey: 'a2V5' },
    black: { uri: 'b2://mySampleBucket?region=us-west-004', ...KEYS },
  },
  workspaces: { app: { primary: 'images' }, blue: { primary: 'blobs' } },
  access: { tokens: [] },
  cors: { origins: ['*'] },
  hooks: {
    photos: { sns: { topics: [TOPIC] } },
    images: { bearer: { secrets: [SECRET, NEXT] } },
    google: {
      pubsub: { audience: oidc.expect.audience, serviceAccount: oidc.expect.email },
    },
    blobs: { eventGrid: { secrets: [SECRET] } },
    black: { b2: { secrets: [B2_SECRET] } },
  },
}

interface Hooks {
  url: string
  suite: Suite
  sent: Task[]
  logged: string[]
  asked: string[]
  /** What the queue does next instead of keeping anything. */
  trouble: { error?: Error }
  now: { ms: number }
  close(): Promise<void>
}

async function start(): Promise<Hooks> {
  const [sent, logged, asked]: [Task[], string[], string[]] = [[], [], []]
  const trouble: Hooks['trouble'] = {}
  const now = { ms: Date.parse('2026-01-01T00:05:00Z') }
  const platform = {
    env: { SKEIN_SECRET: SECRET },
    fileSystem: false,
    now: () => now.ms,
    log: (line: string) => void logged.push(line),
    queue: {
      async send(tasks: readonly Task[]) {
        if (trouble.error) throw trouble.error
        sent.push(...tasks)
      },
    },
    /** Amazon and Google, as far as hooks ask them. */
    async fetch(input: string | URL) {
      const url = new URL(input)
      asked.push(url.href)
      if (url.host === 'www.googleapis.com') return Response.json(oidc.jwks)
      if (url.pathname === '/') return new Response('<Confirmed/>')
      return new Response(readFileSync(new URL(`../vectors/sns${url.pathname}`, import.meta.url)))
    },
  }
  const suite = openSuite(readConfig(CONFIG, 'of this test', platform), platform)
  const api = createApi(suite)
  const server = await listen('127.0.0.1', 0, () => async (request) => api.fetch(request))
  return { ...server, suite, sent, logged, asked, trouble, now }
}

let hooks: Hooks
beforeAll(async () => {
  hooks = await start()
})
afterAll(() => hooks.close())
beforeEach(() => {
  hooks.sent.length = 0
  hooks.logged.length = 0
  delete hooks.trouble.error
})

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(hooks.url + path, { method: 'POST', body, headers })

const refusals = () => hooks.suite.counters.read().get(HOOKS_REFUSED) ?? 0

/** 401, a counter, and nothing else. */
async function refused(path: string, body: string, headers: Record<string, string> = {}) {
  const before = refusals()
  const answer = await post(path, body, headers)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="skein"')
  expect(refusals()).toBe(before + 1)
  expect([hooks.sent, hooks.logged]).toEqual([[], []])
}

async function taken(path: string, body: string, headers: Record<string, string> = {}) {
  const answer = await post(path, body, headers)
  expect([answer.status, await answer.text()]).toEqual([200, '{}'])
  expect(hooks.logged).toEqual([])
}

/** Of an account by a name that there can be. */
const ofGrid = (file: string) =>
  vectorText(`events/azure/${file}`).replaceAll('my-storage-account', 'mystorageaccount')

const CREATED = ofGrid('eventgrid-created.json')

describe('S3 by SNS', () => {
  const { messages } = vectorOf('sns/self-signed.json') as {
    messages: { name: string; message: Record<string, string> }[]
  }
  const named = (name: string) => messages.find((one) => one.name === name)!.message
  const put = named('S3 ObjectCreated:Put over SNS')
  const plain = { 'content-type': 'text/plain; charset=UTF-8' }

  it('is taken for each store in the bucket', async () => {
    await taken('/hooks/s3/photos', JSON.stringify(put), plain)
    expect(hooks.sent).toMatchObject([
      { kind: 'object-changed', store: 'photos', key: 'photos/my summer(2024)+1.jpg' },
      { kind: 'object-changed', store: 'thumbs', key: 'my summer(2024)+1.jpg' },
    ])
    expect(hooks.sent[0]?.['event']).toEqual({
      ...{ type: 'created', etag: '25f9e794323b453885f5181f1b624d0b', size: 9, version: 'v1' },
      ...{ sequencer: '0055AED6DCD90281E5', at: '2026-01-01T00:00:00.000Z' },
      id: 'src-bucket/photos/my summer(2024)+1.jpg#0055AED6DCD90281E5#ObjectCreated:Put',
      by: 'AWS:AIDAEXAMPLE',
    })
  })

  it('a test event is answered, and a subscription confirmed where SNS is', async () => {
    await taken('/hooks/s3/photos', JSON.stringify(named('S3 test event over SNS')), plain)
    await taken('/hooks/s3/photos', JSON.stringify(named('SubscriptionConfirmation')), plain)
    expect(hooks.sent).toEqual([])
    expect(hooks.asked).toContain(named('SubscriptionConfirmation')['SubscribeURL'])
  })

  it('changed, raw, late or for another store is refused', async () => {
    await refused('/hooks/s3/photos', JSON.stringify({ ...put, Message: '{}' }), plain)
    await refused('/hooks/s3/photos', vectorText('events/aws/sns-http-raw-delivery.json'), plain)
    await refused('/hooks/s3/thumbs', JSON.stringify(put), plain)
    await refused('/hooks/gcs/photos', JSON.stringify(put), plain)
    hooks.now.ms += 8 * 3_600_000
    await refused('/hooks/s3/photos', JSON.stringify(put), plain)
    hooks.now.ms -= 8 * 3_600_000
  })
})

describe('MinIO, by a bearer', () => {
  const body = vectorText('events/minio/put-encoded-key.json')
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

  it('has either secret', async () => {
    for (const secret of [SECRET, NEXT]) await taken('/hooks/minio/images', body, bearer(secret))
    const key = 'photos/my summer(2024).jpg'
    expect(hooks.sent).toMatchObject([
      { store: 'images', key },
      { store: 'images', key },
    ])
    hooks.sent.length = 0
    await refused('/hooks/minio/images', body, bearer('another-secret-of-a-fitting-length'))
    await refused('/hooks/minio/images', body)
  })
})

describe('Google', () => {
  const body = vectorText('events/gcp/pubsub-push-finalize.json')
  const authorization = (name: string) => ({
    authorization: `Bearer ${oidc.cases.find((one) => one.name === name)!.token}`,
  })

  it('is taken by its token alone', async () => {
    await taken('/hooks/gcs/google', body, authorization('valid'))
    expect(hooks.sent).toMatchObject([
      { store: 'google', key: 'folder/Test.cs', event: { version: '1587627537231057', size: 352 } },
    ])
    hooks.sent.length = 0
    await refused('/hooks/gcs/google', body, authorization('wrong email'))
    await refused('/hooks/gcs/google', body)
  })

  it('unwrapped, says in headers what it is about', async () => {
    const { headers } = (
      vectorOf('events/INDEX.json') as { files: { file: string; headers: object }[] }
    ).files.find(({ file }) => file === 'gcp/pubsub-unwrapped-push.json')!
    await taken('/hooks/gcs/google', '', { ...headers, ...authorization('valid') })
    expect(hooks.sent).toMatchObject([{ store: 'google', key: 'folder/Test.cs' }])
  })
})

describe('Event Grid', () => {
  const path = `/hooks/azure/blobs?secret=${encodeURIComponent(SECRET)}`

  it('is taken by the secret of its address, in both schemas', async () => {
    await taken(path, CREATED)
    await taken(path, ofGrid('cloudevents-created.json'))
    expect(hooks.sent).toHaveLength(2)
    expect(hooks.sent[0]).toMatchObject({ store: 'blobs', key: 'new-file.txt' })
    hooks.sent.length = 0
    await refused('/hooks/azure/blobs', CREATED)
    await refused('/hooks/azure/blobs?secret=wrong', CREATED)
    await refused(path.replace('blobs', 'closed'), CREATED)
  })

  it('an upload that has landed is one for its workspace', async () => {
    await taken(path, CREATED.replace('new-file.txt', '.skein/staging/n0nce'))
    const key = '.skein/staging/n0nce'
    expect(hooks.sent).toEqual([
      { v: 1, kind: 'upload-arrived', workspace: 'blue', store: 'blobs', key },
    ])
  })

  it('what is of another container is nothing here, and no error', async () => {
    await taken(path, CREATED.replace('test-container', 'other-container'))
    expect(hooks.sent).toEqual([])
  })

  it('has its handshake, if it knows the secret', async () => {
    const { request, response } = vectorOf('events/azure/subscription-validation.json') as {
      request: { body: unknown }
      response: { body: unknown }
    }
    const answer = await post(path, JSON.stringify(request.body))
    expect([answer.status, await answer.json()]).toEqual([200, response.body])
    await refused('/hooks/azure/blobs', JSON.stringify(request.body))
  })

  it('has that of CloudEvents before any CORS', async () => {
    const { request, response } = vectorOf('events/azure/cloudevents-options-handshake.json') as {
      request: { headers: Record<string, string> }
      response: { headers: Record<string, string> }
    }
    const options = (to: string, headers: Record<string, string>) =>
      fetch(hooks.url + to, { method: 'OPTIONS', headers })
    const agreed = await options(path, request.headers)
    expect(agreed.status).toBe(200)
    for (const [name, value] of Object.entries(response.headers)) {
      expect(agreed.headers.get(name)).toBe(value)
    }
    const evil = { ...request.headers, 'WebHook-Request-Origin': 'evil.example' }
    expect((await options(path, evil)).status).toBe(401)
    expect((await options('/hooks/azure/blobs', request.headers)).status).toBe(401)
    expect((await options('/hooks/s3/photos', request.headers)).status).toBe(401)
  })

  it('no page of a browser may post there', async () => {
    const origin = 'https://app.example.com'
    const answer = await post(path, CREATED, { origin })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('our own trouble is a 503, so that nothing is thrown away', async () => {
    hooks.trouble.error = new StorageError('denied', 'The queue does not let us in.')
    const answer = await post(path, CREATED)
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('queue')
    expect(hooks.logged).toEqual([expect.stringContaining('The queue does not let us in.')])
    expect(hooks.logged.join()).not.toContain(SECRET)
  })

  it('what is proven and cannot be read never will be', async () => {
    expect((await post(path, '{"not": ')).status).toBe(400)
    expect((await post(path, '7')).status).toBe(400)
  })
})

describe('B2', () => {
  const body = vectorText('b2-webhook/signed-upload.body')
  const sign = (secret: string, text: string) => {
    const hex = createHmac('sha256', secret).update(text).digest('hex')
    return { 'x-bz-event-notification-signature': `v1=${hex}` }
  }

  it('is taken by its signature over these very bytes', async () => {
    await taken('/hooks/b2/black', body, sign(B2_SECRET, body))
    expect(hooks.sent).toMatchObject([
      { store: 'black', key: 'objectName.txt', event: { id: 'eventId', size: 10495842 } },
    ])
    hooks.sent.length = 0
    await refused('/hooks/b2/black', `${body} `, sign(B2_SECRET, body))
    await refused('/hooks/b2/black', body, sign(SECRET, body))
  })
})

describe('nobody else', () => {
  it.each([
    '/hooks/s3/unknown',
    '/hooks/unknown/photos',
    '/hooks/constructor/photos',
    '/hooks/s3/__proto__',
    '/hooks/s3/google',
  ])('is let in at %s', (path) => refused(path, CREATED))

  it('an endless body is not read to its end', async () => {
    await refused('/hooks/b2/black', 'x'.repeat(2 ** 21 + 1))
  })

  it('another method is told which there is', async () => {
    const answer = await fetch(`${hooks.url}/hooks/s3/photos`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })
})
