// Azure's host of a function app: routes a request as host.json and the app's own bindings say, hands it to
// the worker process, and takes the answer from the worker's own HTTP server, as it does where HTTP is
// streamed. The worker and the library in it are as in Azure; the host alone is a stand-in.

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { end } from '../servers/process.ts'
import type { TargetRequest } from '../suites/targets.ts'

export interface FunctionMetadata {
  name: string
  bindings: Record<
    string,
    {
      type: string
      route?: string
      methods?: string[]
      authLevel?: string
      queueName?: string
      schedule?: string
    }
  >
}

/** As host and worker exchange a value: what it is, by the name of its field. */
export type TypedData = { json: string } | { string: string }

export interface Invocation {
  id: string
  name: string
  data: TypedData
  triggerMetadata: Record<string, TypedData>
}

export type WorkerMessage =
  | { functions: FunctionMetadata[]; httpUri: string }
  | { failed: string }
  | { id: string; error?: string }

export interface FunctionApp {
  functions: readonly FunctionMetadata[]
  send(request: TargetRequest): Promise<Response>
  /** Runs a function that has another trigger; rejects when the invocation fails. */
  run(name: string, data: TypedData, triggerMetadata?: Record<string, TypedData>): Promise<void>
  stop(): Promise<void>
}

const WORKER = fileURLToPath(new URL('functions-worker.ts', import.meta.url))
const HOST = 'skein.azurewebsites.net'

/** Resolves when the app's functions are known; fails with what the worker logs when it cannot load them. */
export async function startFunctionApp(
  folder: string,
  env: Record<string, string>,
): Promise<FunctionApp> {
  const child = fork(WORKER, {
    cwd: folder,
    execPath: process.execPath,
    execArgv: [],
    env: { ...env, PATH: process.env['PATH'], FUNCTIONS_WORKER_RUNTIME: 'node' },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  try {
    const worker = new Worker(child)
    const { functions, httpUri } = await worker.ready
    const prefix = await routePrefix(folder)
    return {
      functions,
      send(asked) {
        const found = functions.find((one) => serves(one, prefix, asked))
        if (found === undefined) return Promise.resolve(new Response(null, { status: 404 }))
        return proxy(worker, httpUri, found.name, asked)
      },
      run: (name, data, metadata = {}) => worker.invoke(worker.nextId(), name, data, metadata),
      stop: () => end(child),
    }
  } catch (error) {
    await end(child)
    throw error
  }
}

class Worker {
  readonly ready: Promise<{ functions: FunctionMetadata[]; httpUri: string }>
  readonly #child: ChildProcess
  readonly #running = new Map<string, PromiseWithResolvers<void>>()
  #count = 0

  constructor(child: ChildProcess) {
    this.#child = child
    const ready = Promise.withResolvers<{ functions: FunctionMetadata[]; httpUri: string }>()
    this.ready = ready.promise
    child.on('message', (message: WorkerMessage) => {
      if ('functions' in message) ready.resolve(message)
      else if ('failed' in message) ready.reject(new Error(message.failed))
      else this.#settle(message)
    })
    child.once('exit', (code) => {
      const error = new Error(`The worker ended with ${code}.`)
      ready.reject(error)
      for (const one of this.#running.values()) one.reject(error)
    })
  }

  nextId(): string {
    return `00000000-0000-4000-8000-${String(++this.#count).padStart(12, '0')}`
  }

  invoke(
    id: string,
    name: string,
    data: TypedData,
    triggerMetadata: Record<string, TypedData>,
  ): Promise<void> {
    const answer = Promise.withResolvers<void>()
    this.#running.set(id, answer)
    this.#child.send({ id, name, data, triggerMetadata } satisfies Invocation)
    return answer.promise
  }

  #settle({ id, error }: { id: string; error?: string }): void {
    const answer = this.#running.get(id)
    this.#running.delete(id)
    if (error === undefined) answer?.resolve()
    else answer?.reject(new Error(error))
  }
}

async function routePrefix(folder: string): Promise<string> {
  const host = JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')) as {
    extensions?: { http?: { routePrefix?: string } }
  }
  return host.extensions?.http?.routePrefix ?? 'api'
}

/** The invocation goes one way and the request another; the worker's library brings them together. */
async function proxy(
  worker: Worker,
  httpUri: string,
  name: string,
  { method = 'GET', path, headers = {}, body }: TargetRequest,
): Promise<Response> {
  const id = worker.nextId()
  const sent = { ...headers, ...(body !== undefined && { 'content-length': lengthOf(body) }) }
  const outgoing = request(httpUri, {
    method,
    path,
    headers: {
      ...sent,
      'x-ms-invocation-id': id,
      'x-forwarded-host': HOST,
      'x-forwarded-proto': 'https',
    },
  })
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  outgoing.end(body)
  const invoked = worker.invoke(
    id,
    name,
    { string: '' },
    { Headers: { json: JSON.stringify(sent) } },
  )
  try {
    const [[incoming]] = await Promise.all([answered, invoked])
    return await toResponse(incoming)
  } catch {
    outgoing.destroy()
    // An invocation that fails is logged; the client is told no more than this.
    return new Response(null, { status: 500 })
  }
}

async function toResponse(incoming: IncomingMessage): Promise<Response> {
  const { statusCode: status = 200 } = incoming
  const bytes = await buffer(incoming)
  const headers = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  const empty = bytes.length === 0
  return new Response(empty ? null : new Uint8Array(bytes), { status, headers })
}

function lengthOf(body: string): string {
  return String(Buffer.byteLength(body))
}

function serves(
  { bindings }: FunctionMetadata,
  prefix: string,
  { method = 'GET', path }: TargetRequest,
): boolean {
  const trigger = Object.values(bindings).find(({ type }) => type === 'httpTrigger')
  // Whatever asks for a key is closed to a client that has none.
  if (trigger?.authLevel !== 'anonymous') return false
  const base = prefix === '' ? '/' : `/${prefix}/`
  const takes = trigger.methods?.map((name) => name.toUpperCase()).includes(method) ?? true
  return takes && trigger.route === '{*path}' && path.startsWith(base)
}
