// What every deploy target must do, whatever its platform: one suite, run against what was built, in the
// runtime it was built for. A platform is a way to start it with some environment, and what it tells its
// operator when that fails.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { capabilityMatrix } from '#shared/storage/matrix.ts'
import { FOLDER_PATH } from '#shared/storage/providers/file/signature.ts'
import { defineWork } from './target-work.ts'

export interface TargetRequest {
  method?: string
  /** Path and query, as they are on the wire. */
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface RunningTarget {
  send(request: TargetRequest): Promise<Response>
  /** Hands bodies of messages to the queue's door, and tells what became of each: done, retry or set-aside. */
  consume(bodies: readonly string[]): Promise<string[]>
  /** Lets a schedule begin, and gives the tasks that it sent. */
  schedule(name: string): Promise<string[]>
  stop(): Promise<void>
}

type Environment = Record<string, string>

export interface TargetDescription {
  name: string
  start(env: Environment): Promise<RunningTarget>
  /** Starts it with a configuration that cannot be used, and gives what its operator gets to read. */
  failure(env: Environment): Promise<string>
  /** Folders are real and outlive a call. */
  fileSystem?: boolean
}

/** Most cases start a process, on a machine that may have others to run. */
const START_TIMEOUT_MS = 30_000

const SECRET = 'never-shown-8d1f0e'
const CONFIG = {
  stores: {
    photos: {
      uri: 's3://photos?region=eu-west-1',
      accessKeyId: 'AKIAEXAMPLE',
      secretAccessKey: SECRET,
    },
    backup: 'gs://backup',
    archive: { uri: 'az://account/archive', accountKey: 'c2VjcmV0' },
  },
  workspaces: { default: { primary: 'photos', replicas: ['backup', 'archive'] } },
}

const YAML = `
stores:
  photos: gs://photos
`

export function environment(config: unknown): Environment {
  return { SKEIN_CONFIG: JSON.stringify(config) }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function defineTarget(target: TargetDescription): void {
  describe(target.name, { timeout: START_TIMEOUT_MS }, () => {
    it('answers its first requests all at once, configured in YAML', async () => {
      const running = await target.start({ SKEIN_CONFIG: YAML })
      onTestFinished(() => running.stop())
      const sending = Array.from({ length: 6 }, () => running.send({ path: '/healthz' }))
      const statuses = (await Promise.all(sending)).map(({ status }) => status)
      expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
    })

    describe('answers', () => {
      defineAnswers(target)
    })
    describe('does its work:', () => {
      defineWork(target)
    })
    describe('with a configuration that cannot be used', () => {
      defineFailures(target)
    })
  })
}

function defineAnswers(target: TargetDescription): void {
  let running: RunningTarget
  beforeAll(async () => {
    running = await target.start(environment(CONFIG))
  }, START_TIMEOUT_MS)
  afterAll(() => running.stop())
  const send = (request: TargetRequest): Promise<Response> => running.send(request)

  it('health', async () => {
    const answer = await send({ path: '/healthz' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await answer.json()).toEqual({ status: 'ok' })
  })

  it('what every provider can do', async () => {
    const answer = await send({ path: '/capabilities' })
    expect(answer.status).toBe(200)
    const { providers } = (await answer.json()) as { providers: { id: string }[] }
    expect(providers.map(({ id }) => id)).toEqual(PROVIDERS.map(({ id }) => id))
    expect({ providers }).toEqual(JSON.parse(JSON.stringify(capabilityMatrix())))
  })

  it('HEAD like GET, without a body', async () => {
    const [head, get] = [
      await send({ method: 'HEAD', path: '/healthz' }),
      await send({ path: '/healthz' }),
    ]
    expect(head.status).toBe(200)
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect(await head.text()).toBe('')
  })

  it.each<[string, number, TargetRequest]>([
    ['a path that leads nowhere', 404, { path: '/nothing/here?key=a%2Fb' }],
    ['a method that the route lacks', 405, { method: 'DELETE', path: '/healthz' }],
    ['a body that nobody asked for', 404, { method: 'POST', path: '/no', body: 'ü'.repeat(5000) }],
    ['a path that is no UTF-8', 404, { path: '/nothing/%ff%zz' }],
  ])('%s with a problem document', async (_, status, request) => {
    const answer = await send(request)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('x-request-id')).toMatch(UUID)
    expect(await answer.json()).toMatchObject({
      type: expect.any(String) as string,
      title: expect.any(String) as string,
      status,
      detail: expect.any(String) as string,
    })
  })

  it('folders only where they are real', async () => {
    const answer = await send({ path: `${FOLDER_PATH}photos?key=a&signature=b` })
    expect(answer.status).toBe(404)
  })

  it.each(['client-made-0001', 'A_b-4567', 'x'.repeat(64)])(
    'under the request id %s',
    async (id) => {
      const answer = await send({ path: '/healthz', headers: { 'x-request-id': id } })
      expect(answer.headers.get('x-request-id')).toBe(id)
    },
  )

  it.each(['short', 'x'.repeat(65), 'with a space in it', '<script>alert(1)</script>'])(
    'under an id of its own instead of %s',
    async (id) => {
      const answer = await send({ path: '/healthz', headers: { 'x-request-id': id } })
      expect(answer.headers.get('x-request-id')).toMatch(UUID)
    },
  )

  it('each request under another id', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send({ path: '/healthz' })))
    const ids = new Set(answers.map(({ headers }) => headers.get('x-request-id')))
    expect(ids.size).toBe(8)
  })
}

function defineFailures(target: TargetDescription): void {
  it('it tells all that is wrong, and no secret', async () => {
    const told = await target.failure(
      environment({
        stores: {
          photos: { uri: 's3://photos', regoin: 'eu-west-1', secretAccessKey: SECRET },
          backup: 'nowhere://backup',
        },
        workspaces: { default: { primary: 'phtos' } },
      }),
    )
    expect(told).toContain('The configuration in SKEIN_CONFIG cannot be used:')
    expect(told).toContain('stores.photos.regoin: no such setting; did you mean "region"?')
    expect(told).not.toContain(SECRET)
  })

  it('it tells of text that is no JSON', async () => {
    expect(await target.failure({ SKEIN_CONFIG: '{"stores": ' })).toContain('it is not JSON')
  })

  if (target.fileSystem) return

  it('it tells that there is none', async () => {
    expect(await target.failure({})).toContain('the variable is not set')
  })

  it('it tells that a folder cannot be a store here', async () => {
    expect(await target.failure(environment({ stores: { local: 'file:./data' } }))).toContain(
      'stores.local: The store "local" is a folder, and folders do not outlive a call here',
    )
  })
}
