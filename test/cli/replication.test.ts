// `skein replication`, here and against a running suite: what is behind is shown with its reason, and goes on its
// way again when somebody says so.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { startApi } from '../api/running-api.ts'
import { describeS3 } from '../harness/descriptions.ts'
import { createControl } from '../suites/storage/control.ts'
import { newSkein } from './skein.ts'

const SECRET = 'a secret of at least thirty-two characters'
const REFUSED = { operation: 'PutObject', keyPrefix: 'copies/bad', times: 100 }

/** A folder with two objects, and an S3 that refuses one of them until it is told otherwise. */
async function open(env: Record<string, string> = {}) {
  const { uri, options, control } = await describeS3(inject('servers'), { name: 'west' })
  const skein = await newSkein({ SKEIN_SIGNING_SECRET: SECRET, ...env })
  const { accessKeyId = '', secretAccessKey = '' } = options?.credentials ?? {}
  const config = {
    stores: {
      main: `file:${join(skein.folder, 'main')}`,
      west: {
        ...{ uri: uri.replace('{place}', 'copies'), accessKeyId, secretAccessKey },
        retry: { attempts: 1 },
      },
    },
    workspaces: { app: { primary: 'main', replicas: ['west'] } },
    secrets: [SECRET],
  }
  await mkdir(join(skein.folder, 'main/2026'), { recursive: true })
  await writeFile(join(skein.folder, 'main/bad.txt'), 'bad')
  await writeFile(join(skein.folder, 'main/2026/good.txt'), 'good')
  await writeFile(join(skein.folder, 'skein.json'), JSON.stringify(config))
  const faults = createControl(control, fetch)
  await faults.fault({ ...REFUSED, action: { status: 403, code: 'AccessDenied' } })
  return { skein, faults, config }
}

test('a resync here copies what is missing, and says what it could not', async () => {
  const { skein, faults } = await open()
  const part = await skein('replication', 'resync', 'app', '2026/')
  expect(part).toMatchObject({
    code: 0,
    err: '',
    out: 'Compared. 0 changes are set aside or found.\n',
  })
  expect((await skein('list', 'west:', '--recursive', '--json')).out).toContain('2026/good.txt')
  const all = await skein('replication', 'resync', 'app', '--json')
  expect([all.code, JSON.parse(all.out)]).toEqual([1, { begun: true, left: 1 }])

  const status = await skein('replication', 'status', 'app')
  expect(status.code).toBe(1)
  expect(status.out).toMatch(
    /REPLICA +LAG +LATE +SET ASIDE +FOUND +CANARY\nwest +[\d.]+ s +0 +1 +0\n/,
  )
  const listed = await skein('replication', 'list', 'app', '--store', 'west')
  expect(listed.out).toMatch(/set-aside +west .* 1 +bad\.txt +west .*\./)
  expect((await skein('replication', 'list', 'app', '--kind', 'late')).out).toMatch(/^Nothing: /)

  const inVain = await skein('replication', 'replay', 'app', '--json')
  expect([inVain.code, JSON.parse(inVain.out)]).toEqual([1, { replayed: 1, deletes: 0, left: 1 }])
  await faults.clear()
  const replayed = await skein('replication', 'replay', 'app', '--key', 'bad.txt')
  expect(replayed).toMatchObject({
    code: 0,
    out: '1 changes and 0 deletions were sent on their way.\n0 are set aside or found now.\n',
  })
  expect((await skein('replication', 'status', 'app')).code).toBe(0)
})

test('the same words ask a suite that runs elsewhere', async () => {
  const env: Record<string, string> = {}
  const { skein, faults, config } = await open(env)
  const api = await startApi(config)
  onTestFinished(() => api.close())
  const there = ['--endpoint', api.url]
  expect(await skein('replication', 'status', 'app', ...there)).toMatchObject({
    code: 2,
    err: 'skein: --endpoint takes a token: set SKEIN_TOKEN.\n',
  })
  const asked = await newSkein({ SKEIN_TOKEN: api.tokens['owner']! })
  const begun = await asked('replication', 'resync', 'app', ...there)
  expect(begun).toMatchObject({ code: 0, out: expect.stringMatching(/^It has begun/) as string })
  await expect
    .poll(async () => (await asked('replication', 'list', 'app', ...there)).out)
    .toMatch(/set-aside +west .* bad\.txt/)
  await faults.clear()
  const replayed = await asked('replication', 'replay', 'app', '--store', 'west', ...there)
  expect(replayed).toMatchObject({
    code: 0,
    out: '1 changes and 0 deletions were sent on their way.\n',
  })
  await expect
    .poll(async () => (await asked('replication', 'list', 'app', ...there)).out)
    .toMatch(/^Nothing: /)
  expect((await asked('replication', 'status', 'app', ...there)).code).toBe(0)
  const wrong = await newSkein({ SKEIN_TOKEN: 'skein_wrong' })
  expect((await wrong('replication', 'status', 'app', ...there)).code).toBe(4)
})
