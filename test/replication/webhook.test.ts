// What is missed is told once, signed as Standard Webhooks say, to a real receiver; where it may not be told to
// is refused in the configuration.

import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { webhookFields } from '#shared/replication/webhook.ts'
import { replicateFields } from '#shared/replication/task.ts'
import { isPublicAddress } from '#shared/wire/public-address.ts'
import { isWebhookSecret, webhookHeaders } from '#shared/wire/standard-webhook.ts'
import { now, openCloud } from './cloud.ts'

const URL = 'https://hooks.example.com/skein'
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

interface Vectors {
  valid: { name: string; secret: string; headers: Record<string, string>; body: string }[]
}

const vectors = JSON.parse(
  await readFile(
    new globalThis.URL('../vectors/standard-webhooks/vectors.json', import.meta.url),
    'utf8',
  ),
) as Vectors

test.each(vectors.valid)('signs $name', ({ secret, headers, body }) => {
  const id = headers['webhook-id']!
  const timestamp = Number(headers['webhook-timestamp'])
  expect(webhookHeaders([secret], { id, timestamp, body })).toEqual(headers)
})

test.each([
  ['https://hooks.example.com/a?b', true],
  ['http://hooks.example.com', false],
  ['https://127.0.0.1/', false],
  ['https://2130706433/', false],
  ['https://0x7f.1/', false],
  ['https://[::1]/', false],
  ['https://localhost/', false],
  ['https://metadata.google.internal/', false],
  ['https://printer/', false],
  ['https://user:pw@example.com/', false],
  ['https://hooks.local./', false],
])('%s may be told: %s', (url, may) => expect(isPublicAddress(url)).toBe(may))

test.each([
  [SECRET, true],
  ['whsec_c2hvcnQ=', false],
  ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', false],
  ['whsec_not base64 at all, however long it may be', false],
])('%s is a secret: %s', (secret, is) => expect(isWebhookSecret(secret)).toBe(is))

interface Received {
  headers: IncomingHttpHeaders
  body: string
}

async function startReceiver(statuses: number[]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(statuses.shift() ?? 204, { location: 'http://127.0.0.1:1/' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  // Where the public name leads.
  const reach: typeof fetch = (_, init) => fetch(`http://127.0.0.1:${port}/`, init)
  return { received, reach }
}

test('a missed change is told once, and so is that it has arrived', async () => {
  const { received, reach } = await startReceiver([500])
  const webhooks = [{ url: URL, secrets: [SECRET] }]
  const cloud = openCloud({ rules: { missedAfter: '15m', webhooks }, fetch: reach })
  const { replication } = cloud
  await cloud.primary.put('a', 'one')
  await replication.changed('a', now())
  const fields = replicateFields.parse(cloud.waiting.splice(0)[0]?.task)
  await replication.failed(fields, { attempt: 3, reason: 'a test', givenUp: false })
  cloud.clock.ahead = 14 * 60_000
  expect(await told(cloud)).toEqual([])
  cloud.clock.ahead = 16 * 60_000
  const [missed, ...more] = await told(cloud)
  expect(more).toEqual([])
  expect(await told(cloud)).toEqual([])
  const task = webhookFields.parse(missed)
  await expect(replication.sendWebhook(task)).rejects.toMatchObject({ retry: 'later', status: 500 })
  await replication.sendWebhook(task)
  const [first, second] = received
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  expect(JSON.parse(second!.body)).toMatchObject({
    type: 'replication.missed',
    data: { workspace: 'app', store: 'west', late: 1 },
  })
  expect(verifies(second!)).toBe(true)
  await replication.step(fields, 4)
  const [caughtUp] = await told(cloud)
  await replication.sendWebhook(webhookFields.parse(caughtUp))
  expect(JSON.parse(received[2]!.body)).toMatchObject({ type: 'replication.caught-up' })
})

test.each([
  [301, 'later'],
  [429, 'later'],
  [410, 'never'],
])('an answer of %i is a failure, tried again: %s', async (status, retry) => {
  const { received, reach } = await startReceiver([status])
  const webhooks = [{ url: URL, secrets: [SECRET] }]
  const { replication } = openCloud({ rules: { webhooks }, fetch: reach })
  const fields = { workspace: 'app', url: URL, id: 'msg_1', body: '{}' }
  await expect(replication.sendWebhook(fields)).rejects.toMatchObject({ retry, status })
  expect(received).toHaveLength(1)
})

/** Without the canaries. */
async function told({ replication }: ReturnType<typeof openCloud>) {
  const tasks = await replication.watch()
  return tasks.filter(({ kind }) => kind === 'webhook')
}

function verifies({ headers, body }: Received): boolean {
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
  const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
  const signature = createHmac('sha256', key).update(text).digest('base64')
  return headers['webhook-signature'] === `v1,${signature}`
}
