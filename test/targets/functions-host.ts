// Azure's host of a function app: routes a request as host.json and the app's own bindings say, and hands
// it to the worker process. The worker and the library in it are as in Azure; the host alone is a stand-in.

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end } from '../servers/process.ts'
import type { RunningTarget, TargetRequest } from '../suites/targets.ts'

export interface FunctionMetadata {
  name: string
  bindings: Record<string, { type: string; route?: string; methods?: string[]; authLevel?: string }>
}

/** A request or an answer, as host and worker exchange it. */
export interface HttpData {
  method?: string
  url?: string
  statusCode?: string
  headers?: Record<string, string>
  body?: { bytes: Uint8Array } | undefined
}

export type WorkerMessage =
  | { functions: FunctionMetadata[] }
  | { failed: string }
  | { id: number; http: HttpData | undefined }
  | { id: number; error: string }

const WORKER = fileURLToPath(new URL('functions-worker.ts', import.meta.url))
const ORIGIN = 'https://skein.azurewebsites.net'

/** Resolves when the app's functions are known; fails with what the worker logs when it cannot load them. */
export async function startFunctionApp(
  folder: string,
  env: Record<string, string>,
): Promise<RunningTarget> {
  const child = fork(WORKER, {
    cwd: folder,
    execPath: process.execPath,
    execArgv: [],
    env: { ...env, PATH: process.env['PATH'], FUNCTIONS_WORKER_RUNTIME: 'node' },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    const worker = new Worker(child)
    const functions = await worker.ready
    const prefix = await routePrefix(folder)
    return {
      send: (request) => route(worker, functions, prefix, request),
      stop: () => end(child),
    }
  } catch (error) {
    await end(child)
    throw error
  }
}

class Worker {
  readonly ready: Promise<FunctionMetadata[]>
  readonly #child: ChildProcess
  readonly #running = new Map<number, PromiseWithResolvers<HttpData | undefined>>()
  #count = 0

  constructor(child: ChildProcess) {
    this.#child = child
    const { promise, resolve, reject } = Promise.withResolvers<FunctionMetadata[]>()
    this.ready = promise
    child.on('message', (message: WorkerMessage) => {
      if ('functions' in message) resolve(message.functions)
      else if ('failed' in message) reject(new Error(message.failed))
      else this.#settle(message)
    })
    child.once('exit', (code) => {
      const error = new Error(`The worker ended with ${code}.`)
      reject(error)
      for (const one of this.#running.values()) one.reject(error)
    })
  }

  invoke(name: string, http: HttpData): Promise<HttpData | undefined> {
    const id = ++this.#count
    const answer = Promise.withResolvers<HttpData | undefined>()
    this.#running.set(id, answer)
    this.#child.send({ id, name, http })
    return answer.promise
  }

  #settle(message: Extract<WorkerMessage, { id: number }>): void {
    const answer = this.#running.get(message.id)
    this.#running.delete(message.id)
    if ('error' in message) answer?.reject(new Error(message.error))
    else answer?.resolve(message.http)
  }
}

async function routePrefix(folder: string): Promise<string> {
  const host = JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')) as {
    extensions?: { http?: { routePrefix?: string } }
  }
  return host.extensions?.http?.routePrefix ?? 'api'
}

async function route(
  worker: Worker,
  functions: readonly FunctionMetadata[],
  prefix: string,
  { method = 'GET', path, headers = {}, body }: TargetRequest,
): Promise<Response> {
  const found = functions.find((one) => serves(one, prefix, method, path))
  if (found === undefined) return new Response(null, { status: 404 })
  const sent: HttpData = { method, url: ORIGIN + path, headers }
  if (body !== undefined) sent.body = { bytes: Buffer.from(body) }
  try {
    const answer = await worker.invoke(found.name, sent)
    const bytes = method === 'HEAD' ? null : Buffer.from(answer?.body?.bytes ?? [])
    const status = Number(answer?.statusCode ?? 200)
    return new Response(bytes, { status, headers: answer?.headers ?? {} })
  } catch {
    // An invocation that fails is logged; the client is told no more than this.
    return new Response(null, { status: 500 })
  }
}

function serves(
  { bindings }: FunctionMetadata,
  prefix: string,
  method: string,
  path: string,
): boolean {
  const trigger = Object.values(bindings).find(({ type }) => type === 'httpTrigger')
  // Whatever asks for a key is closed to a client that has none.
  if (trigger?.authLevel !== 'anonymous') return false
  const base = prefix === '' ? '/' : `/${prefix}/`
  const takes = trigger.methods?.map((name) => name.toUpperCase()).includes(method) ?? true
  return takes && trigger.route === '{*path}' && path.startsWith(base)
}
