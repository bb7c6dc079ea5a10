// Lambda's side of a function: the Runtime API that its process asks for events, over a socket. A process is
// given no more of an environment than Lambda gives.

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { end } from '../servers/process.ts'

export interface LambdaError {
  errorType: string
  errorMessage: string
}

/** What the function answered, or that the invocation failed. */
export type Outcome = { response: unknown } | { error: LambdaError }

export interface Lambda {
  invoke(event: unknown): Promise<Outcome>
  stop(): Promise<void>
}

interface Invocation {
  id: string
  event: unknown
  done(outcome: Outcome): void
}

const BOOTSTRAP = fileURLToPath(new URL('lambda-bootstrap.ts', import.meta.url))
const INVOCATION_SECONDS = 29

export interface LambdaOptions {
  taskRoot: string
  /** Such as `dist/aws/api.handler`. */
  handler: string
  env: Record<string, string>
}

/** Resolves when the function asks for its first event; fails with what it told when it could not load. */
export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const api = new RuntimeApi()
  const address = await api.listen()
  const child = spawnFunction(options, address)
  let said = ''
  child.stderr?.on('data', (data: Buffer) => (said += data.toString()))
  child.once('exit', (code) =>
    api.fail({ errorType: 'Runtime.ExitError', errorMessage: `It ended with ${code}. ${said}` }),
  )
  const stop = async (): Promise<void> => {
    await end(child)
    await api.close()
  }
  try {
    await api.ready
  } catch (error) {
    await stop()
    throw error
  }
  return { invoke: (event) => api.invoke(event), stop }
}

function spawnFunction({ taskRoot, handler, env }: LambdaOptions, address: string): ChildProcess {
  return spawn(process.execPath, [BOOTSTRAP], {
    cwd: taskRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...env,
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_REGION: 'eu-central-1',
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: handler,
    },
  })
}

class RuntimeApi {
  readonly ready: Promise<void>
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #became = Promise.withResolvers<void>()
  readonly #waiting: Invocation[] = []
  readonly #given = new Map<string, Invocation>()
  /** The function's open question for its next event. */
  #asking: ServerResponse | undefined
  #broken: LambdaError | undefined
  #count = 0

  constructor() {
    this.ready = this.#became.promise
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  invoke(event: unknown): Promise<Outcome> {
    if (this.#broken) return Promise.resolve({ error: this.#broken })
    const id = `00000000-0000-4000-8000-${String(++this.#count).padStart(12, '0')}`
    return new Promise((done) => {
      this.#waiting.push({ id, event, done })
      this.#give()
    })
  }

  fail(error: LambdaError): void {
    this.#broken ??= error
    this.#became.reject(new Error(`${error.errorType}: ${error.errorMessage}`))
    for (const one of [...this.#given.values(), ...this.#waiting.splice(0)]) one.done({ error })
    this.#given.clear()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id = '', word = ''] =
      /\/invocation\/([^/]+)\/(response|error)$/.exec(request.url ?? '') ?? []
    if (request.url?.endsWith('/invocation/next')) {
      this.#asking = response
      this.#became.resolve()
      return this.#give()
    }
    const body = JSON.parse(await text(request)) as unknown
    response.writeHead(202).end()
    if (word === '') return this.fail(body as LambdaError)
    const invocation = this.#given.get(id)
    this.#given.delete(id)
    invocation?.done(word === 'error' ? { error: body as LambdaError } : { response: body })
  }

  #give(): void {
    const invocation = this.#asking && this.#waiting.shift()
    if (invocation === undefined) return
    this.#given.set(invocation.id, invocation)
    this.#asking?.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': Date.now() + INVOCATION_SECONDS * 1000,
      'lambda-runtime-invoked-function-arn':
        'arn:aws:lambda:eu-central-1:123456789012:function:skein',
    })
    this.#asking?.end(JSON.stringify(invocation.event))
    this.#asking = undefined
  }
}
