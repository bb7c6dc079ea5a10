// What Azure's Node worker does, as a program that is told what to do by its parent instead of by the host:
// gives the library its `@azure/functions-core`, loads the app's entry point, and runs invocations through
// the library's own programming model.
// https://github.com/Azure/azure-functions-nodejs-worker

import { readFile } from 'node:fs/promises'
import { Module } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FunctionMetadata, Invocation, WorkerMessage } from './functions-host.ts'

type Callback = (...inputs: unknown[]) => unknown

interface ProgrammingModel {
  getCapabilities(capabilities: object): Promise<{ HttpUri?: string }>
  getInvocationModel(context: object): {
    getArguments(): Promise<{ context: object; inputs: unknown[] }>
    invokeFunction(context: object, inputs: unknown[], callback: Callback): Promise<unknown>
    getResponse(context: object, result: unknown): Promise<object>
  }
}

const registered = new Map<string, { metadata: FunctionMetadata; callback: Callback }>()
let model: ProgrammingModel | undefined

class Disposable {
  dispose(): void {}
}

const core = {
  version: '3.12.0',
  hostVersion: '4.1045.0',
  funcAppDirectory: process.cwd(),
  Disposable,
  setProgrammingModel: (given: ProgrammingModel) => (model = given),
  getProgrammingModel: () => model,
  registerFunction(metadata: FunctionMetadata, callback: Callback) {
    registered.set(metadata.name, { metadata, callback })
    return new Disposable()
  },
  registerHook: () => new Disposable(),
  log: () => undefined,
}

/** As the worker does it: whoever requires this id gets the worker's own object. */
function provideCore(): void {
  const original = Reflect.get(Module.prototype, 'require') as (this: Module, id: string) => unknown
  Reflect.set(Module.prototype, 'require', function require(this: Module, id: string) {
    return id === '@azure/functions-core' ? core : original.call(this, id)
  })
}

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

async function loadApp(): Promise<void> {
  const { main } = JSON.parse(await readFile('package.json', 'utf8')) as { main: string }
  try {
    await import(pathToFileURL(join(process.cwd(), main)).href)
  } catch (error) {
    const { message } = error as Error
    return tell({ failed: `Worker was unable to load entry point "${main}": ${message}` })
  }
  const { HttpUri: httpUri = '' } = await model!.getCapabilities({})
  tell({ httpUri, functions: [...registered.values()].map(({ metadata }) => metadata) })
}

async function invoke({ id, name, data, triggerMetadata }: Invocation): Promise<void> {
  const { metadata, callback } = registered.get(name)!
  const [binding] = Object.entries(metadata.bindings).find(([, one]) => /trigger$/i.test(one.type))!
  const invocationId = id
  const request = { invocationId, inputData: [{ name: binding, data }], triggerMetadata }
  try {
    const run = model!.getInvocationModel({ invocationId, metadata, request, log: () => undefined })
    const { context, inputs } = await run.getArguments()
    const result = await run.invokeFunction(context, inputs, callback)
    await run.getResponse(context, result)
    tell({ id })
  } catch (error) {
    tell({ id, error: (error as Error).message })
  }
}

provideCore()
process.on('message', (invocation: Invocation) => void invoke(invocation))
process.once('disconnect', () => process.exit(0))
await loadApp()
