// The suite on Azure Functions: the built app in a worker process, run by the real library.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { SCHEDULES } from '#shared/schedules.ts'
import { isSetAside } from '../suites/set-aside.ts'
import { defineTarget, environment } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import type { FunctionApp } from './functions-host.ts'
import { startFunctionApp } from './functions-host.ts'
import type { QueueStub } from './queue-stub.ts'
import { startQueueStub } from './queue-stub.ts'

const { folder } = await buildAside('azure')

let storage: QueueStub
beforeAll(async () => {
  storage = await startQueueStub()
})
afterAll(() => storage.stop())

/** With the app settings that the README names. */
function start(env: Record<string, string>): Promise<FunctionApp> {
  const account = `AccountName=functions;AccountKey=${Buffer.from('key').toString('base64')}`
  const AzureWebJobsStorage = `${account};QueueEndpoint=${storage.url}/functions;BlobEndpoint=${storage.url}/functions`
  return startFunctionApp(folder, { AzureWebJobsStorage, SKEIN_QUEUE: 'skein-tasks', ...env })
}

/** The host gives JSON as what it says, and all else as text; one message an invocation. */
async function consume(app: FunctionApp, body: string): Promise<string> {
  const before = storage.sent.length
  const isJson = body.startsWith('{')
  const data = isJson ? { json: body } : { string: body }
  await app.run('consumer', data, { Id: { string: 'm' }, DequeueCount: { json: '1' } })
  const [sent] = storage.sent.slice(before)
  if (sent === undefined) return 'done'
  if (sent.queue === 'skein-tasks-poison') {
    return isSetAside(sent.body, body) ? 'set-aside' : `${sent.body} is not ${body}`
  }
  const again = JSON.parse(sent.body) as object
  // What follows of a task that was done is a task of its own.
  if (!('attempts' in again)) return 'done'
  expect(again).toEqual({ ...(JSON.parse(body) as object), attempts: 1 })
  return sent.delaySeconds === 5 ? 'retry' : `after ${sent.delaySeconds} seconds`
}

defineTarget({
  name: 'Azure Functions',
  async start(env) {
    const app = await start(env)
    return {
      ...app,
      async consume(bodies) {
        const outcomes: string[] = []
        for (const body of bodies) outcomes.push(await consume(app, body))
        return outcomes
      },
      async schedule(name) {
        const before = storage.sent.length
        await app.run(name, { json: '{}' })
        return storage.sent.slice(before).map(({ body }) => body)
      },
    }
  },
  // The host logs it and blocks the app.
  async failure(env) {
    const failed: unknown = await start(env).then(
      (app) => app.stop(),
      (error: unknown) => error,
    )
    return failed instanceof Error ? failed.message : 'It started.'
  },
})

it('the app is a package of its own', async () => {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), 'utf8'))
  expect(await read('package.json')).toEqual({ type: 'module', main: 'index.mjs' })
  expect(await read('host.json')).toMatchObject({
    version: '2.0',
    // The most that a Consumption plan takes; its default is half of it.
    functionTimeout: '00:10:00',
  })
})

it('has a trigger for the queue and for each schedule', async () => {
  const app = await start(environment({ stores: { photos: 'gs://photos' } }))
  onTestFinished(() => app.stop())
  const bindings = app.functions.flatMap((one) => Object.values(one.bindings))
  expect(bindings.find(({ type }) => type === 'queueTrigger')?.queueName).toBe('skein-tasks')
  const timers = bindings.filter(({ type }) => type === 'timerTrigger')
  expect(timers.map(({ schedule }) => schedule)).toEqual(
    Object.values(SCHEDULES).map(({ cron }) => `0 ${cron}`),
  )
})

it('counts the attempts of a task that was sent again', async () => {
  const env = environment({
    stores: { gone: { uri: 's3://gone?endpoint=http://127.0.0.1:1', retry: { attempts: 1 } } },
    workspaces: { app: { primary: 'gone' } },
  })
  const app = await start({
    ...env,
    SKEIN_SECRET: 'what seals the ids of this very test run',
    AWS_ACCESS_KEY_ID: 'k',
    AWS_SECRET_ACCESS_KEY: 's',
  })
  onTestFinished(() => app.stop())
  const task = { v: 1, kind: 'upload-arrived', workspace: 'app', store: 'gone', key: 'k' }
  const consumed = async (attempts: number) => {
    const data = { json: JSON.stringify({ ...task, attempts }) }
    await app.run('consumer', data, { DequeueCount: { json: '1' } })
    const { queue, body } = storage.sent.at(-1)!
    return { queue, task: JSON.parse(body) as unknown }
  }
  expect(await consumed(4)).toEqual({ queue: 'skein-tasks', task: { ...task, attempts: 5 } })
  expect(await consumed(11)).toMatchObject({
    queue: 'skein-tasks-poison',
    task: { ...task, setAside: expect.stringContaining('after 12 attempts') as string },
  })
})
