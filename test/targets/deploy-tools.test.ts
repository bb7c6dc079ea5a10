// What `serverless deploy` and `wrangler deploy` would send: both tools, run up to the point where they would
// call their cloud, and what they packed is started. Anything they ask the network for fails.

import { copyFile, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { environment } from '../suites/targets.ts'
import { buildAside, scratchFolder } from './built.ts'
import type { Ran } from './command.ts'
import { runCommand } from './command.ts'
import { fromUrlAnswer, toUrlEvent } from './function-url.ts'
import { startLambda } from './lambda.ts'
import { moduleNames, startWorker } from './workerd.ts'
import { unpack } from './zip.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const BIN = join(root, 'node_modules', '.bin')
const NO_NETWORK = 'http://127.0.0.1:1'

/** Nothing of this machine's user, and nothing sent home. */
const QUIET = {
  PATH: `${BIN}:${process.env['PATH']}`,
  HTTP_PROXY: NO_NETWORK,
  HTTPS_PROXY: NO_NETWORK,
  CI: '1',
  SLS_TELEMETRY_DISABLED: '1',
  SLS_NOTIFICATIONS_MODE: 'off',
  WRANGLER_SEND_METRICS: 'false',
  npm_config_update_notifier: 'false',
}

const CONFIG = environment({
  stores: { photos: { uri: 's3://photos?region=eu-west-1', secretAccessKey: '${PHOTOS_SECRET}' } },
})

describe('deploy tools', { timeout: 180_000 }, () => {
  beforeEach(({ skip }) => {
    skip(
      process.env['SKEIN_SERVERS'] !== 'all',
      'they are slow, and run with SKEIN_SERVERS=all alone',
    )
  })

  it('serverless packs a function that runs', async () => {
    const { folder } = await buildAside('aws')
    const service = dirname(dirname(folder))
    await copyFile(join(root, 'serverless.yml'), join(service, 'serverless.yml'))

    const printed = await run(service, 'serverless', 'print')
    expect(printed).toMatchObject({ code: 0, out: expect.stringContaining('nodejs24.x') as string })

    const packed = await run(service, 'serverless', 'package', '--package', 'packed')
    expect(packed).toMatchObject({ code: 0 })
    const { Resources } = JSON.parse(
      await readFile(join(service, 'packed/cloudformation-template-update-stack.json'), 'utf8'),
    ) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> }
    const lambda = Resources['ApiLambdaFunction']!.Properties
    expect(lambda).toMatchObject({ Runtime: 'nodejs24.x', Environment: { Variables: CONFIG } })
    expect(Resources['ApiLambdaFunctionUrl']!.Properties).toMatchObject({ AuthType: 'NONE' })

    const taskRoot = await scratchFolder()
    const files = await unpack(join(service, 'packed/api.zip'), taskRoot)
    expect(files.filter((file) => !/^dist\/aws\/(chunks\/)?[\w.-]+\.mjs$/.test(file))).toEqual([])
    const env = { ...CONFIG, PHOTOS_SECRET: 'x', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' }
    const started = await startLambda({ taskRoot, handler: String(lambda['Handler']), env })
    onTestFinished(() => started.stop())
    const answer = fromUrlAnswer(await started.invoke(toUrlEvent({ path: '/healthz' })), 'GET')
    expect(await answer.json()).toEqual({ status: 'ok' })
  })

  it('wrangler builds and packs a Worker that runs', async () => {
    const packed = await scratchFolder()
    const ran = await run(root, 'wrangler', 'deploy', '--dry-run', '--outdir', packed)
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining('--dry-run: exiting now.') as string,
    })
    expect(await moduleNames(packed)).toEqual(await moduleNames(join(root, 'dist/cloudflare')))

    const env = environment({ stores: { photos: 'gs://photos' } })
    const worker = await startWorker(packed, env)
    onTestFinished(() => worker.stop())
    const answer = await worker.send({ path: '/healthz' })
    expect(await answer.json()).toEqual({ status: 'ok' })
  })
})

/** In a home of its own, where it may leave what it likes. */
async function run(cwd: string, command: string, ...args: string[]): Promise<Ran> {
  const HOME = await scratchFolder()
  const env = { ...QUIET, ...CONFIG, HOME, XDG_CONFIG_HOME: HOME, WRANGLER_LOG_PATH: HOME }
  return runCommand({ command, args, cwd, env })
}
