// What Lambda's managed Node runtime does, as a program: finds the handler that _HANDLER names below
// LAMBDA_TASK_ROOT, tells a failure to load it, then asks for events one by one and answers each.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Handler = (event: unknown, context: object) => unknown

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env
const runtime = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`

async function loadHandler(): Promise<Handler> {
  const dot = _HANDLER.lastIndexOf('.')
  const base = join(LAMBDA_TASK_ROOT, _HANDLER.slice(0, dot))
  const file = ['.js', '.mjs', '.cjs'].map((end) => base + end).find((path) => existsSync(path))
  if (file === undefined) throw new Error(`Cannot find module '${_HANDLER.slice(0, dot)}'`)
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  const handler = module[_HANDLER.slice(dot + 1)]
  if (typeof handler !== 'function') throw new Error(`${_HANDLER} is undefined or not exported`)
  // Since Node 24 the runtime refuses handlers that want a callback.
  if (handler.length > 2) throw new Error('Callback-style handlers are not supported')
  return handler as Handler
}

async function post(path: string, body: unknown, errorType?: string): Promise<void> {
  const headers = errorType ? { 'lambda-runtime-function-error-type': errorType } : {}
  const answer = await fetch(`${runtime}${path}`, {
    method: 'POST',
    body: JSON.stringify(body ?? null),
    headers,
  })
  await answer.body?.cancel()
}

function toReport(error: unknown) {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  return { errorType: name, errorMessage: message, trace: stack.split('\n') }
}

async function serveOne(handler: Handler): Promise<void> {
  const next = await fetch(`${runtime}/invocation/next`)
  const id = next.headers.get('lambda-runtime-aws-request-id') ?? ''
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
  const context = {
    awsRequestId: id,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    await post(`/invocation/${id}/response`, await handler(await next.json(), context))
  } catch (error) {
    const report = toReport(error)
    await post(`/invocation/${id}/error`, report, report.errorType)
  }
}

let handler: Handler
try {
  handler = await loadHandler()
} catch (error) {
  const report = toReport(error)
  await post('/init/error', report, report.errorType)
  process.exit(1)
}
for (;;) await serveOne(handler)
