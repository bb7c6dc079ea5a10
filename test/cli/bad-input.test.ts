// What people get wrong with a cloud, on real servers: each ends in one clear sentence that says what to do,
// with no stack trace and no secret, whatever the provider answered.

import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { newSkein } from './skein.ts'

const servers = inject('servers')
const SECRET = 'hunter2hunter2hunter2hunter2hunter2hunter2'

const s3 = await describeS3(servers, { name: 's3' })
const gcs = await describeGcs(servers)
const azure = await describeAzurite(servers)

interface Entry {
  uri: string
  [field: string]: unknown
}

async function failure(entry: Entry, ...args: string[]): Promise<{ code: number; err: string }> {
  const config = { stores: { photos: { retry: { attempts: 1 }, ...entry } } }
  const skein = await newSkein({ SKEIN_CONFIG: JSON.stringify(config) })
  const { code, err, out } = await skein(...(args.length > 0 ? args : ['list', 'photos:']))
  expect(out).toBe('')
  expect(err).not.toContain(SECRET)
  expect(err).not.toMatch(/\n\s+at |hunter2|signature=|sig=/i)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).toMatch(/^skein: .*photos.*\.\n$/)
  return { code, err }
}

function place(uri: string): string {
  return uri.replace('/{place}', '')
}

const s3Entry: Entry = { uri: place(s3.uri), region: 'us-east-1', ...s3.options?.credentials }
const gcsEntry: Entry = { uri: place(gcs.uri), ...gcs.options?.credentials }
const azureEntry: Entry = { uri: place(azure.uri), ...azure.options?.credentials }

describe('a bucket that is not there', () => {
  test.each([
    ['s3', { ...s3Entry, uri: place(s3.missingUri!) }],
    ['gcs', { ...gcsEntry, uri: place(gcs.missingUri!) }],
    ['azure', { ...azureEntry, uri: place(azure.missingUri!) }],
  ])('%s', async (_, entry) => {
    const { code, err } = await failure(entry)
    expect(code).toBe(3)
    expect(err).toMatch(/bucket|container/)
  })
})

describe('credentials that are not accepted', () => {
  test.each([
    ['s3: an unknown key', { ...s3Entry, accessKeyId: 'AKIAUNKNOWN00000000' }],
    ['s3: a wrong secret', { ...s3Entry, secretAccessKey: SECRET }],
    ['gcs: another key', { ...gcsEntry, ...gcs.wrongCredentials }],
    ['azure: a wrong key', { ...azureEntry, accountKey: Buffer.from(SECRET).toString('base64') }],
  ])('%s', async (_, entry) => {
    const { code, err } = await failure(entry)
    expect(code).toBe(4)
    expect(err).toMatch(/key|secret|credential/i)
  })

  test('s3: known, and not allowed', async () => {
    const denied = {
      accessKeyId: 'OTHERACCESSKEY000001',
      secretAccessKey: 'othersecretkey000000000000000000000001',
    }
    expect((await failure({ ...s3Entry, ...denied })).code).toBe(4)
  })

  test('none at all', async () => {
    const { code, err } = await failure({ uri: 'r2://account/photos' })
    expect(code).toBe(4)
    expect(err).toContain('R2_ACCESS_KEY_ID')
  })
})

test('the wrong region is named with the right one', async () => {
  const { code, err } = await failure({ ...s3Entry, region: 'eu-west-9' })
  expect(code).toBe(2)
  expect(err).toContain('us-east-1')
  expect(err).toContain('eu-west-9')
})

test('a clock that is off is told, with what to do', async () => {
  const keys = {
    accessKeyId: 'OTHERACCESSKEY000001',
    secretAccessKey: 'othersecretkey000000000000000000000001',
  }
  const skew = (skewMs: number) =>
    fetch(`${servers.s3.url}/__control/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ skewMs, accessKeyId: keys.accessKeyId }),
    })
  expect((await skew(20 * 60_000)).ok).toBe(true)
  onTestFinished(async () => void (await skew(0)))
  const { err } = await failure({ ...s3Entry, ...keys })
  expect(err).toMatch(/clock/)
})

describe('an endpoint', () => {
  test.each([
    ['that nobody listens at', 'http://127.0.0.1:9'],
    ['that has no such host', 'http://nowhere.invalid'],
  ])('%s', async (_, endpoint) => {
    const uri = (scheme: string) => `${scheme}photos-bucket?endpoint=${endpoint}`
    expect((await failure({ ...s3Entry, uri: uri('s3://') })).code).toBe(5)
    expect((await failure({ ...gcsEntry, uri: uri('gs://') })).code).toBe(5)
    expect((await failure({ ...azureEntry, uri: uri('az://account/') })).code).toBe(5)
  })

  test('that never answers is given up at its time limit', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const entry = { ...s3Entry, uri: `s3://photos-bucket?endpoint=http://127.0.0.1:${port}` }
    const { code, err } = await failure({ ...entry, timeouts: { request: '300ms' } })
    expect(code).toBe(5)
    expect(err).toContain('within 0.3 seconds')
  })

  test('that is some other web server is not taken for a store', async () => {
    const { code } = await failure({
      ...s3Entry,
      uri: `s3://photos-bucket?endpoint=${servers.gcs.url}`,
    })
    expect(code).not.toBe(0)
  })
})
