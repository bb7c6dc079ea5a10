// Who is looked for though he never calls: an upload whose bytes are seen before they are verified, and no other.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { BatchPlan, UploadPlan } from '#shared/client/protocol.ts'
import type { Task } from '#shared/platform.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { expectOk, follow } from '../uploads/follow.ts'
import type { RunningApi } from './running-api.ts'
import { everyStore, startApi } from './running-api.ts'

const { stores, remove } = await everyStore(inject('servers'))
const sent: { task: Task; delaySeconds: number | undefined }[] = []
let failing = false
const queue = {
  async send(tasks: readonly Task[], { delaySeconds }: { delaySeconds?: number | undefined } = {}) {
    if (failing) throw new Error('the queue is away')
    sent.push(...tasks.map((task) => ({ task, delaySeconds })))
  },
}

let api: RunningApi
beforeAll(async () => {
  const workspaces = Object.fromEntries(
    Object.keys(stores).map((name) => [name, { primary: name }]),
  )
  api = await startApi({ stores, workspaces }, { queue })
})
afterAll(async () => {
  await api.close()
  await remove()
})

async function plan(workspace: string, asked: object): Promise<UploadPlan> {
  const answer = await api.send(`/v1/${workspace}/uploads`, { json: { size: 9, ...asked } })
  return (await answer.json()) as UploadPlan
}

function taskFor(workspace: string, key: string) {
  const task = { v: 1, kind: 'upload-arrived', workspace, store: workspace, key }
  return { task, delaySeconds: 900 }
}

it('asks the queue where bytes appear that are only verified', async () => {
  sent.length = 0
  const made = await plan('azure', { key: 'seen', ifAbsent: true })
  expect(made).toMatchObject({ staged: false, enforced: { size: 'verified' } })
  expect(sent).toEqual([taskFor('azure', 'seen')])
  await expectOk(await follow(made, bytesOf(9)))
})

it('asks once for all of a batch', async () => {
  sent.length = 0
  const uploads = ['a', 'b', '../c'].map((key) => ({ key, size: 9, ifAbsent: true }))
  const answer = await api.send('/v1/azure/uploads/batch', { json: { uploads } })
  expect(((await answer.json()) as BatchPlan).uploads).toHaveLength(3)
  expect(sent).toEqual([taskFor('azure', 'a'), taskFor('azure', 'b')])
})

it.each(['s3', 'gcs', 'folder', 'azure'])(
  'asks nothing where %s holds all, or stages',
  async (name) => {
    sent.length = 0
    await plan(name, { key: 'k' })
    await plan(name, { key: 'k', method: name === 'gcs' ? 'resumable' : 'parts' })
    if (name !== 'azure') await plan(name, { key: 'k', ifAbsent: true })
    expect(sent).toEqual([])
  },
)

it('plans all the same when the queue is away, and says so', async () => {
  failing = true
  const made = await plan('azure', { key: 'unwatched', ifAbsent: true })
  failing = false
  expect(made.request).toBeDefined()
  expect(api.lines.join('\n')).toContain('upload-unwatched')
})

it('takes a list of as many parts as there may be', async () => {
  const { id } = await plan('s3', { key: 'many', method: 'parts' })
  const etag = '"0123456789abcdef0123456789abcdef"'
  const parts = Array.from({ length: 20_000 }, (_, i) => ({ partNumber: i + 1, etag, size: 5 }))
  const answer = await api.send(`/v1/s3/uploads/${id}/complete`, { json: { parts } })
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('has not arrived') })
})
