// `npm run package`: the real tools, run up to the point where they would call their cloud, and what they
// packed is started. Anything they ask the network for fails.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { SCHEDULES } from '#shared/schedules.ts'
import { environment } from '../suites/targets.ts'
import { scratchFolder } from './built.ts'
import { runCommand } from './command.ts'
import { fromUrlAnswer, toUrlEvent } from './function-url.ts'
import { startFunctionApp } from './functions-host.ts'
import { startLambda } from './lambda.ts'
import { moduleNames, startWorker } from './workerd.ts'
import { unpack } from './zip.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const DIST = join(root, 'dist')

const CONFIG = environment({
  stores: { photos: { uri: 's3://photos?region=eu-west-1', secretAccessKey: '${PHOTOS_SECRET}' } },
})
const DEPLOYED = {
  ...CONFIG,
  SKEIN_SECRET: 'what this very run would be deployed with',
  SKEIN_BUCKETS: 'photos,backup',
}

const crons = Object.values(SCHEDULES).map(({ cron }) => cron)

interface Resource {
  Type: string
  Properties: Record<string, unknown>
}

const asked = process.env['SKEIN_SERVERS'] === 'all'

describe('deploy tools', { timeout: 60_000 }, () => {
  beforeEach(({ skip }) => skip(!asked, 'they are slow, and run with SKEIN_SERVERS=all alone'))

  beforeAll(async () => {
    if (!asked) return
    const packing = await runCommand({
      command: process.execPath,
      args: [join(root, 'functions', 'package.ts')],
      cwd: root,
      env: {
        PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
        CI: '1',
        ...DEPLOYED,
      },
    })
    const packed = packing.out.split('\n').filter((line) => line.startsWith('Packed '))
    if (packing.code !== 0 || packed.length !== 4) throw new Error(packing.error + packing.out)
  }, 180_000)

  it('pack for AWS functions that run, with the queues they name', async () => {
    const resources = await readTemplate()
    const timeouts = ['Api', 'Consumer'].map((name) => resources[`${name}LambdaFunction`])
    expect(timeouts.map((one) => one?.Properties['Timeout'])).toEqual([300, 900])
    const { Variables } = resources['ApiLambdaFunction']!.Properties['Environment'] as {
      Variables: object
    }
    expect(Variables).toMatchObject({ ...CONFIG, SKEIN_QUEUE_URL: { Ref: 'Tasks' } })
    expect(resources['ApiLambdaFunctionUrl']!.Properties).toMatchObject({ AuthType: 'NONE' })
    expect(resources['Tasks']!.Properties).toMatchObject({
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['SetAside', 'Arn'] } },
    })
    const mapping = Object.values(resources).find((one) => one.Type.endsWith('SourceMapping'))
    expect(mapping?.Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })

    const taskRoot = await scratchFolder()
    const files = await unpack(join(DIST, 'skein-aws/skein.zip'), taskRoot)
    expect(files.filter((file) => !/^dist\/aws\/(chunks\/)?[\w.-]+\.mjs$/.test(file))).toEqual([])
    const handlers = ['Api', 'Consumer', 'Schedule'].map((name) =>
      String(resources[`${name}LambdaFunction`]!.Properties['Handler']),
    )
    const env = { ...CONFIG, PHOTOS_SECRET: 'x', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' }
    for (const handler of handlers) {
      const started = await startLambda({ taskRoot, handler, env })
      onTestFinished(() => started.stop())
      if (handler !== handlers[0]) continue
      const answer = fromUrlAnswer(await started.invoke(toUrlEvent({ path: '/healthz' })), 'GET')
      expect(await answer.json()).toEqual({ status: 'ok' })
    }
  })

  it('pack for AWS permissions that name what they are for', async () => {
    const { Policies } = (await readTemplate())['IamRoleLambdaExecution']!.Properties as {
      Policies: { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } }[]
    }
    const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    for (const { Action, Resource } of statements) {
      expect(Action.filter((action) => action.includes('*'))).toEqual([])
      expect(JSON.stringify(Resource)).not.toMatch(/"\*"|:s3:::\*/)
    }
    const objects = statements.find(({ Action }) => Action.includes('s3:PutObject'))
    expect(evaluate(objects?.Resource)).toEqual(['arn:aws:s3:::photos/*', 'arn:aws:s3:::backup/*'])
    const buckets = statements.find(({ Action }) => Action.includes('s3:ListBucket'))
    expect(evaluate(buckets?.Resource)).toEqual(['arn:aws:s3:::photos', 'arn:aws:s3:::backup'])
  })

  it('pack for Azure an app that loads', async () => {
    const folder = await scratchFolder()
    const files = await unpack(join(DIST, 'skein-azure.zip'), folder)
    expect(files).toEqual(expect.arrayContaining(['host.json', 'index.mjs', 'package.json']))
    const env = environment({ stores: { photos: 'gs://photos' } })
    const app = await startFunctionApp(folder, env)
    onTestFinished(() => app.stop())
    expect(await (await app.send({ path: '/healthz' })).json()).toEqual({ status: 'ok' })
  })

  it('pack for Cloudflare two Workers that run', async () => {
    const folder = join(DIST, 'skein-cloudflare')
    for (const one of ['front', 'behind'] as const) {
      const built = await moduleNames(join(DIST, 'cloudflare'), one)
      expect(await moduleNames(folder, one)).toEqual(built)
    }
    const worker = await startWorker(folder, environment({ stores: { photos: 'gs://photos' } }))
    onTestFinished(() => worker.stop())
    const answer = await worker.send({ path: '/healthz' })
    expect(await answer.json()).toEqual({ status: 'ok' })
  })
})

it('the platforms’ own files say the schedules of the table', async () => {
  const toml = await readFile(join(root, 'functions/cloudflare/work.toml'), 'utf8')
  expect(toml).toContain(`crons = ${JSON.stringify(crons)}`)
  const yml = await readFile(join(root, 'serverless.yml'), 'utf8')
  const written = [...yml.matchAll(/rate: cron\((.*)\)\n\s+input: \{ schedule: (\w+) \}/g)]
  // Amazon's have a sixth field for the year, and a question mark for the day that is not said.
  expect(written.map(([, cron, name]) => [name, cron])).toEqual(
    Object.entries(SCHEDULES).map(([name, { cron }]) => [name, `${cron.replace(/\*$/, '?')} *`]),
  )
})

async function readTemplate(): Promise<Record<string, Resource>> {
  const file = join(DIST, 'skein-aws/cloudformation-template-update-stack.json')
  const { Resources } = JSON.parse(await readFile(file, 'utf8')) as {
    Resources: Record<string, Resource>
  }
  return Resources
}

/** The functions of CloudFormation that make the list of buckets. */
function evaluate(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const [name, argument] = Object.entries(value as Record<string, unknown>)[0]!
  if (name === 'Fn::Split') {
    const [separator, text] = argument as [string, unknown]
    return String(evaluate(text)).split(separator)
  }
  if (name === 'Fn::Join') {
    const [separator, list] = argument as [string, unknown]
    if (typeof separator !== 'string') throw new Error('No function may stand there.')
    return (evaluate(list) as string[]).join(separator)
  }
  if (name !== 'Fn::Sub') return value
  const [text, variables] = argument as [string, Record<string, unknown>]
  return text.replace(/\$\{(\w+)\}/g, (_, variable: string) =>
    String(evaluate(variables[variable])),
  )
}
