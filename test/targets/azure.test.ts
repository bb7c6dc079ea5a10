// The suite on Azure Functions: the built app in a worker process, run by the real library.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { defineTarget } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import { startFunctionApp } from './functions-host.ts'

const { folder } = await buildAside('azure')

defineTarget({
  name: 'Azure Functions',
  start: (env) => startFunctionApp(folder, env),
  // The host logs it and blocks the app.
  async failure(env) {
    const failed: unknown = await startFunctionApp(folder, env).then(
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
  expect(await read('host.json')).toMatchObject({ version: '2.0' })
})
