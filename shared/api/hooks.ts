// `/hooks/{provider}/{store}`: where providers tell of changes. What cannot be verified gets 401 and leaves no
// trace but a counter. A 2xx means that every change is in the queue. Trouble of our own is always 503: a 4xx
// would make Event Grid throw the events away.

import type { Hono } from 'hono'
import { randomUUID } from 'node:crypto'
import { AccessError } from '#shared/access/refusals.ts'
import { tasksOf } from '#shared/events/changes.ts'
import type { Hook, HookResult } from '#shared/events/hook.ts'
import { placesBeside } from '#shared/events/places.ts'
import { FAMILIES } from '#shared/metrics/families.ts'
import { createRequestMeter } from '#shared/metrics/request-meter.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Suite } from '#shared/suite.ts'
import { readBytes } from './body.ts'
import type { Gate } from './gate.ts'
import type { Reply } from './problems.ts'
import { RequestError, problemReply } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { requestIdOf } from './request-id.ts'

export const HOOK_PATH = '/hooks/:provider/:store'
export const HOOKS_REFUSED = FAMILIES.hooksRefused.name

/** Twice what any of them sends at once. */
const MAX_BODY_BYTES = 2 ** 21

interface Asked {
  provider: string
  store: string
  request: Request
}

export function serveHooks(api: Hono<ApiEnv>, suite: Suite, gate: Gate): void {
  const open = hookOpener(suite)
  const count = createRequestMeter(suite.counters, 'post', HOOK_PATH)

  async function answer(asked: Asked, work: (asked: Asked) => Promise<Reply>): Promise<Response> {
    const { request } = asked
    const requestId = requestIdOf(request)
    let reply: Reply
    try {
      reply = await work(asked)
    } catch (error) {
      gate.log.fault(requestId, request.method, HOOK_PATH, error)
      reply = problemReply(new StorageError('unavailable', OUR_TROUBLE))
    }
    if (request.method === 'POST') count(reply.status)
    const headers = { ...reply.headers, 'x-request-id': requestId, 'cache-control': 'no-store' }
    return new Response(reply.body, { status: reply.status, headers })
  }

  function refuse(): Reply {
    suite.counters.add(HOOKS_REFUSED)
    return problemReply(new AccessError(NOT_PROVEN, false))
  }

  async function receive(asked: Asked): Promise<Reply> {
    const hook = await open(asked)
    const body = hook && (await readHookBody(asked.request))
    if (!hook || !body) return refuse()
    const result = await hook.receive({ ...callerOf(asked.request), body, id: randomUUID() })
    return result.outcome === 'refused' ? refuse() : settle(suite, asked.store, result)
  }

  async function agree(asked: Asked): Promise<Reply> {
    const hook = await open(asked)
    const headers = hook?.agree?.(callerOf(asked.request))
    return headers ? { status: 200, body: null, headers } : refuse()
  }

  api.post(HOOK_PATH, (c) => answer({ ...c.req.param(), request: c.req.raw }, receive))
  // CloudEvents' handshake. A browser's preflight is another matter, and comes to nothing.
  api.on('OPTIONS', HOOK_PATH, (c, next) =>
    c.req.raw.headers.has('webhook-request-origin')
      ? answer({ ...c.req.param(), request: c.req.raw }, agree)
      : next(),
  )
}

const NOT_PROVEN = 'That this comes from where the configuration says could not be verified.'
const OUR_TROUBLE = 'The events could not be taken at the moment; send them again.'

/** Each store's hooks are opened once, since they keep the keys that they have fetched. */
function hookOpener({ config, platform }: Suite): (asked: Asked) => Promise<Hook | undefined> {
  const opened = new Map<string, Hook | undefined>()
  const outside = { now: platform.now, fetch: platform.fetch ?? ((...args) => fetch(...args)) }
  return async ({ provider, store }) => {
    const rule = config.hooks.get(store)
    if (rule === undefined) return undefined
    const name = `${provider}/${store}`
    if (opened.has(name)) return opened.get(name)
    const { openHook } = await import('#shared/events/hook.ts')
    const hook = openHook(provider, rule, outside)
    if (hook) opened.set(name, hook)
    return hook
  }
}

function callerOf({ headers, url }: Request) {
  const header = (name: string) => headers.get(name) ?? undefined
  return { header, secret: new URL(url).searchParams.get('secret') ?? undefined }
}

/** Undefined for one that is longer than any, or that broke off: nothing of it can be verified. */
async function readHookBody(request: Request): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(request, MAX_BODY_BYTES)
  } catch (error) {
    if (error instanceof RequestError) return undefined
    throw error
  }
}

type Proven = Exclude<HookResult, { outcome: 'refused' }>

async function settle(suite: Suite, store: string, result: Proven): Promise<Reply> {
  const type = { 'content-type': 'application/json' }
  if (result.outcome === 'answer') {
    return { status: 200, body: JSON.stringify(result.body), headers: type }
  }
  if (result.outcome === 'unreadable') {
    return problemReply(new StorageError('invalid', 'This is no notification of that provider.'))
  }
  const landscape = suite.landscape()
  const beside = placesBeside(store, landscape.places)
  const tasks = tasksOf(result.readings, landscape, () => beside)
  if (tasks.length > 0) await queueOf(suite).send(tasks)
  return { status: 200, body: '{}', headers: type }
}

function queueOf({ platform }: Suite): NonNullable<Suite['platform']['queue']> {
  if (platform.queue) return platform.queue
  throw new StorageError(
    'unavailable',
    'A hook has come, and this suite has no queue to keep it in.',
  )
}
