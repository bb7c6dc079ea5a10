// The queue on Azure against Azurite, which checks each signature: what is put is there, encoded as the host
// decodes it, and hidden for as long as was asked.

import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { storageQueue } from '../../functions/azure/queue.ts'
import { createStorageQueue } from '../../functions/azure/storage-queue.ts'
import type { AzuriteQueue } from '../servers/azurite-queue.ts'
import { startAzuriteQueue } from '../servers/azurite-queue.ts'

const { account, accountKey } = inject('servers').azurite

let azurite: AzuriteQueue
beforeAll(async () => {
  azurite = await startAzuriteQueue(account)
}, 30_000)
afterAll(() => azurite.stop())

let queueName = ''
beforeEach(async () => {
  queueName = `tasks-${crypto.randomUUID()}`
  const { status } = await ask('PUT', `/${queueName}`)
  if (status !== 201) throw new Error(`The queue was not created: ${status}.`)
})

/** A call of the service by its own, simpler rule: SharedKeyLite. */
function ask(method: string, path: string): Promise<Response> {
  const date = new Date().toUTCString()
  const [name = '', query = ''] = path.split('?')
  const comp = query.startsWith('comp=') ? `?${query}` : ''
  const resource = `/${account}/${account}${name}${comp}`
  const headers = { 'x-ms-date': date, 'x-ms-version': '2021-12-02' }
  const text = `${method}\n\n\n\nx-ms-date:${date}\nx-ms-version:2021-12-02\n${resource}`
  const proof = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(text)
  const authorization = `SharedKeyLite ${account}:${proof.digest('base64')}`
  return fetch(azurite.url + path, { method, headers: { ...headers, authorization } })
}

function open(key = accountKey) {
  const connection = `AccountName=${account};AccountKey=${key};QueueEndpoint=${azurite.url}`
  const env = { AzureWebJobsStorage: connection }
  const put = createStorageQueue({ env, fileSystem: false, now: Date.now })
  return storageQueue(put, queueName)
}

async function received(): Promise<unknown[]> {
  const answer = await ask('GET', `/${queueName}/messages?numofmessages=32`)
  const xml = await answer.text()
  expect([answer.status, xml]).toEqual([200, expect.any(String)])
  const texts = [...xml.matchAll(/<MessageText>(.*?)<\/MessageText>/g)].map(([, text = '']) => text)
  return texts.map((text) => JSON.parse(Buffer.from(text, 'base64').toString()) as unknown)
}

test('puts each task as the host reads it', async () => {
  const tasks = ['Fäden', '<&>', 'x'.repeat(47_000)].map(
    (text) => ({ v: 1, kind: 'test', text }) as const,
  )
  await open().send(tasks)
  const byText = (a: { text: string }, b: { text: string }) => (a.text < b.text ? -1 : 1)
  const found = (await received()) as { text: string }[]
  expect(found.toSorted(byText)).toEqual(tasks.toSorted(byText))
})

test('hides what is sent with a delay', async () => {
  await open().send([{ v: 1, kind: 'test' }], { delaySeconds: 600 })
  expect(await received()).toEqual([])
  const metadata = await ask('GET', `/${queueName}?comp=metadata`)
  expect(metadata.headers.get('x-ms-approximate-messages-count')).toBe('1')
})

test.each([
  ['a wrong key', () => open(Buffer.from('another').toString('base64')), 'answered 403'],
  [
    'a queue that is not there',
    () => {
      queueName = 'no-such-queue'
      return open()
    },
    '"no-such-queue" answered 404 QueueNotFound',
  ],
])('tells of %s, and tries no more', async (_, opening, message) => {
  const failed: unknown = await opening()
    .send([{ v: 1, kind: 'test' }])
    .catch((error: unknown) => error)
  expect(failed).toMatchObject({ kind: 'unavailable', retry: 'never' })
  expect(String(failed)).toContain(message)
})

test('says what to set where there is no storage', async () => {
  const put = createStorageQueue({ env: {}, fileSystem: false, now: Date.now })
  await expect(storageQueue(put, 'tasks').send([{ v: 1, kind: 'test' }])).rejects.toThrow(
    'set AzureWebJobsStorage',
  )
})
