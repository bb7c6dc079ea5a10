// The API's work on every target: what was built lets in who may, signs, and finds what was uploaded; and its
// two other doors take a message and a schedule.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { mintToken } from '#shared/access/tokens.ts'
import type {
  CompletedObject,
  Download,
  Job,
  ObjectList,
  UploadPlan,
} from '#shared/client/protocol.ts'
import { closedPort, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { freshPlace } from './storage/harness.ts'
import type { RunningTarget, TargetDescription, TargetRequest } from './targets.ts'

const { token, hash } = mintToken()
const BEARER = { authorization: `Bearer ${token}` }
const CONTENT = 'Was gebaut ist, arbeitet.\n'

/** A workspace in a bucket of the test servers, and one whose store nobody answers for. */
async function workingEnvironment(): Promise<Record<string, string>> {
  const { uri, options } = await describeS3(inject('servers'), { name: 'targets' })
  const nobody = `s3://nobody?endpoint=http://127.0.0.1:${await closedPort()}`
  const keys = options?.credentials
  // Jobs are kept where there are conditional writes.
  const sure = await describeGcs(inject('servers'))
  const place = freshPlace()
  const config = {
    stores: {
      main: { uri: uri.replace('/{place}', ''), ...keys },
      gone: { uri: nobody, ...keys, retry: { attempts: 1 } },
      sure: { uri: sure.uri.replace('{place}', place), ...sure.options?.credentials },
    },
    workspaces: {
      app: { primary: 'main' },
      lost: { primary: 'gone' },
      swept: { primary: 'sure' },
    },
    access: { tokens: [{ name: 'tester', hash, workspaces: 'all', scopes: SCOPES }] },
  }
  return {
    SKEIN_CONFIG: JSON.stringify(config),
    SKEIN_SECRET: 'what seals the ids of this very test run',
  }
}

const SCOPES = ['upload', 'download', 'list', 'delete', 'operate']

export function defineWork(target: TargetDescription): void {
  let running: RunningTarget
  beforeAll(async () => {
    running = await target.start(await workingEnvironment())
  }, 30_000)
  afterAll(() => running.stop())

  async function ask(request: TargetRequest, status: number): Promise<unknown> {
    const headers = { ...BEARER, ...request.headers }
    const answer = await running.send({ ...request, headers })
    const text = await answer.text()
    expect({ status: answer.status, text }).toEqual({ status, text: expect.any(String) as string })
    return text === '' ? undefined : JSON.parse(text)
  }

  const post = (path: string, body: unknown, status = 200): Promise<unknown> =>
    ask(
      {
        method: 'POST',
        path: `/v1/app/${path}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
      status,
    )

  async function upload(key: string): Promise<UploadPlan> {
    const size = Buffer.byteLength(CONTENT)
    const asked = { key, size, contentType: 'text/plain' }
    const plan = (await post('uploads', asked)) as UploadPlan
    const { url, method, headers } = plan.request!
    const stored = await fetch(url, { method, headers, body: CONTENT })
    expect(stored.status).toBe(200)
    return plan
  }

  it.each([
    ['no token', {}],
    ['another token', { authorization: `Bearer ${mintToken().token}` }],
  ])('lets nobody in with %s', async (_, headers) => {
    const answer = await running.send({ path: '/v1/app/objects', headers })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ type: 'urn:skein:problem:unauthenticated' })
  })

  it('plans an upload, takes it, lists it, and signs its download', async () => {
    const { id } = await upload('ordner/ü.txt')
    const completed = (await post(`uploads/${id}/complete`, {})) as CompletedObject
    expect(completed).toMatchObject({ key: 'ordner/ü.txt', size: Buffer.byteLength(CONTENT) })
    const list = (await ask({ path: '/v1/app/objects?prefix=ordner/' }, 200)) as ObjectList
    expect(list.objects).toMatchObject([{ key: 'ordner/ü.txt', size: completed.size }])
    const { request } = (await post('downloads', { key: 'ordner/ü.txt' })) as Download
    expect(await (await fetch(request.url, { headers: request.headers })).text()).toBe(CONTENT)
  })

  it('redirects to what it signs', async () => {
    const answer = await running.send({
      path: '/v1/app/download?key=ordner/%C3%BC.txt',
      headers: BEARER,
    })
    expect(answer.status).toBe(307)
    expect(answer.headers.get('location')).toContain('X-Amz-Signature=')
  })

  it('tells what is wrong with a request, where it is wrong', async () => {
    expect(await post('uploads', { key: 'a', size: -1 }, 400)).toMatchObject({
      type: 'urn:skein:problem:invalid',
      errors: [{ pointer: expect.stringContaining('size') as string }],
    })
  })

  it('consumes messages, each with its own outcome', async () => {
    const { id } = await upload('arrived.txt')
    const arrived = { v: 1, kind: 'upload-arrived', workspace: 'app', store: 'main' }
    const outcomes = await running.consume([
      JSON.stringify({ ...arrived, key: 'arrived.txt' }),
      JSON.stringify({ ...arrived, workspace: 'lost', store: 'gone', key: 'k' }),
      '{"v":1,"kind":"dance"}',
      'no task at all',
    ])
    expect(outcomes).toEqual(['done', 'retry', 'set-aside', 'set-aside'])
    expect(await ask({ path: `/v1/app/uploads/${id}` }, 200)).toMatchObject({ state: 'completed' })
  })

  it('runs a schedule', async () => {
    const sent = (await running.schedule('sweep')).map((body) => JSON.parse(body) as object)
    // Where tasks are worked off at once, those that follow may stand there already.
    expect(sent.filter((task) => !('cursor' in task))).toEqual([
      { v: 1, kind: 'sweep-uploads', workspace: 'app' },
      { v: 1, kind: 'sweep-uploads', workspace: 'lost' },
      { v: 1, kind: 'sweep-uploads', workspace: 'swept' },
    ])
  })

  it('takes a sweep of the copies step by step, and signs its report', async () => {
    const json = { 'content-type': 'application/json', ...BEARER }
    const body = JSON.stringify({ kind: 'verify', options: { mode: 'deep', parts: 1 } })
    const path = '/v1/swept/jobs'
    let job = (await ask({ method: 'POST', path, headers: json, body }, 200)) as Job
    for (let round = 0; round < 10 && job.state === 'running'; round++) {
      const phase = job.phases.length - 1
      const parts = Array.from({ length: job.phases[phase]!.parts }, (_, part) => part)
      const step = { v: 1, kind: 'job', workspace: 'swept', job: job.id, phase, step: 0 }
      await running.consume(parts.map((part) => JSON.stringify({ ...step, part })))
      job = (await ask({ path: `${path}/${job.id}` }, 200)) as Job
    }
    expect(job).toMatchObject({ state: 'done' })
    expect(await ask({ path: `${path}/${job.id}/report` }, 200)).toMatchObject({
      report: { state: 'healthy', findings: [] },
      signature: { algorithm: 'Ed25519' },
    })
  })
}
