// A client that uploads and is never heard of again: the provider's own notification completes the upload, over
// the real API, its queue, and the provider's server.

import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import type { UploadPlan, UploadState } from '#shared/client/protocol.ts'
import type { Task } from '#shared/platform.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { follow } from '../uploads/follow.ts'
import type { RunningApi } from './running-api.ts'
import { everyStore, startApi } from './running-api.ts'

const SECRET = 'a-secret-that-both-sides-of-it-know'
const BYTES = new TextEncoder().encode('what came and was never told of')
const sent: Task[] = []

const made = await everyStore(inject('servers'))
const addressOf = (store: string) => parseStoreUri(made.stores[store]!.uri!)

let api: RunningApi
beforeAll(async () => {
  const { s3, azure } = made.stores
  api = await startApi(
    {
      stores: { s3: s3!, azure: azure! },
      workspaces: {
        straight: { primary: 's3' },
        staged: { primary: 's3', uploads: { staging: 'always' } },
        blue: { primary: 'azure' },
      },
      hooks: {
        s3: { bearer: { secrets: [SECRET] } },
        azure: { eventGrid: { secrets: [SECRET] } },
      },
    },
    { queue: { send: async (tasks) => void sent.push(...tasks) } },
  )
})
afterAll(async () => {
  await api.close()
  await made.remove()
})
beforeEach(() => void (sent.length = 0))

async function plan(workspace: string, key: string, size = BYTES.length): Promise<UploadPlan> {
  const request = { key, size, contentType: 'text/plain', method: 'put' }
  const answer = await api.send(`/v1/${workspace}/uploads`, { json: request })
  expect(answer.status).toBe(200)
  return (await answer.json()) as UploadPlan
}

async function stateOf(workspace: string, id: string): Promise<UploadState> {
  return (await (await api.send(`/v1/${workspace}/uploads/${id}`)).json()) as UploadState
}

/** Where the bytes were sent to, as the bucket calls it. */
function landedAt({ request }: UploadPlan): string {
  const path = decodeURIComponent(new URL(request!.url).pathname)
  const { bucket } = addressOf('s3')
  const [, key] = path.split(`/${bucket}/`)
  return key ?? path.split(`/${addressOf('azure').bucket}/`)[1]!
}

function tellS3(key: string): Promise<Response> {
  const object = { key: encodeURIComponent(key).replaceAll('%20', '+'), size: BYTES.length }
  const s3 = { bucket: { name: addressOf('s3').bucket }, object }
  const Records = [{ eventSource: 'minio:s3', eventName: 's3:ObjectCreated:Put', s3 }]
  const headers = { authorization: `Bearer ${SECRET}` }
  return api.send('/hooks/minio/s3', { json: { Records }, as: null, headers })
}

function tellAzure(key: string): Promise<Response> {
  const { account, bucket } = addressOf('azure')
  const event = {
    ...{ id: 'one', eventType: 'Microsoft.Storage.BlobCreated', data: { api: 'PutBlob' } },
    topic: `/subscriptions/s/providers/Microsoft.Storage/storageAccounts/${account}`,
    subject: `/blobServices/default/containers/${bucket}/blobs/${key}`,
  }
  return api.send(`/hooks/azure/azure?secret=${SECRET}`, { json: [event], as: null })
}

/** What the queue holds, until it holds no more. */
async function work(): Promise<void> {
  for (let tasks = sent.splice(0); tasks.length > 0; tasks = sent.splice(0)) {
    const messages = tasks.map((task, id) => ({
      ...{ id: String(id), body: JSON.stringify(task), attempt: 1 },
    }))
    const outcomes = await api.skein.consume(messages)
    expect(outcomes).toEqual(outcomes.map(() => ({ result: 'done' })))
  }
}

it.each([
  ['at its key', 'straight', tellS3],
  ['in staging', 'staged', tellS3],
  ['on Azure', 'blue', tellAzure],
] as const)('an upload that landed %s is completed by its event', async (_, workspace, tell) => {
  const key = `${workspace}/ä b+c.txt`
  const planned = await plan(workspace, key)
  expect((await follow(planned, BYTES)).ok).toBe(true)
  expect((await stateOf(workspace, planned.id)).state).toBe('open')
  expect((await tell(landedAt(planned))).status).toBe(200)
  expect(sent.length).toBeGreaterThan(0)
  await work()
  const { state, object } = await stateOf(workspace, planned.id)
  expect({ state, key: object?.key, size: object?.size }).toEqual({
    ...{ state: 'completed', key, size: BYTES.length },
  })
})

it('an event that comes first, twice, or of what nobody uploaded, changes nothing', async () => {
  const planned = await plan('straight', 'early.txt')
  await tellS3(landedAt(planned))
  await work()
  expect((await stateOf('straight', planned.id)).state).toBe('open')
  await follow(planned, BYTES)
  await Promise.all([tellS3(landedAt(planned)), tellS3(landedAt(planned))])
  await work()
  const { object } = await stateOf('straight', planned.id)
  await tellS3(landedAt(planned))
  await work()
  expect((await stateOf('straight', planned.id)).object).toEqual(object)
})
