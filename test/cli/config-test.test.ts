// `skein config test`: the stores as they are, and the record of them as their servers are.

import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test, vi } from 'vitest'
import { describeS3, freshBucket } from '../harness/descriptions.ts'
import type { Skein } from './skein.ts'
import { newSkein } from './skein.ts'

const servers = inject('servers')

// A probe is near two hundred requests and 11 MiB, and these tests make several.
vi.setConfig({ testTimeout: 60_000 })

const { accessKeyId, secretAccessKey } = servers.s3
const ENV = {
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  // Nothing listens there.
  SKEIN_PUBLIC_URL: 'http://127.0.0.1:1',
}

async function newBucket(): Promise<string> {
  const { control } = await describeS3(servers, { name: 'cli' })
  return `s3://${control.bucket}?endpoint=${servers.s3.url}`
}

async function configured(skein: Skein, text: string, name = 'skein.yaml'): Promise<string> {
  const file = join(skein.folder, name)
  await writeFile(file, text)
  return file
}

test('says of every store what works', async () => {
  const skein = await newSkein(ENV)
  await configured(skein, `stores:\n  photos: ${await newBucket()}\n  here: file:./data\n`)
  const { code, out, err } = await skein('config', 'test')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const check of ['reach', 'list', 'write', 'read', 'sign', 'delete']) {
    expect(out).toMatch(new RegExp(`photos +${check} +ok`))
  }
  expect(out).toMatch(/here +sign +skipped +the local server .* is not running/)
  const one = await skein('config', 'test', 'here', '--json')
  expect(JSON.parse(one.out)).toMatchObject({
    stores: [{ store: 'here', checks: [{ check: 'reach', outcome: 'ok' }, {}, {}, {}, {}, {}] }],
  })
})

test('fails with the sentence of what is wrong, and goes on', async () => {
  const skein = await newSkein(ENV)
  const missing = freshBucket()
  await configured(
    skein,
    `stores:\n  gone: s3://${missing}?endpoint=${servers.s3.url}\n  here: file:./data\n`,
  )
  const { code, out } = await skein('config', 'test', '--probe')
  expect(code).toBe(1)
  expect(out).toMatch(new RegExp(`gone +list +failed +.*${missing}`))
  expect(out).toContain('gone: not probed')
  expect(out).toMatch(/here: \d+ capabilities as recorded/)
})

test('probes, writes what differs, and then finds it as recorded', async () => {
  const skein = await newSkein(ENV)
  const uri = await newBucket()
  const file = await configured(
    skein,
    `# ours\nstores:\n  photos: ${uri} # the bare URI\n  plain:\n    uri: ${uri.replace('?', '/other?')}\n    capabilities:\n      tags: null # by choice\n      metadata: { maxPairs: 9 }\n`,
  )
  await chmod(file, 0o600)
  const probed = await skein('config', 'test', 'photos', '--probe')
  expect(probed.code).toBe(0)
  expect(probed.out).toMatch(/put\.create +no +yes +a second create was refused/)
  expect(probed.out).toContain('What is done instead: Only what every S3 does')
  expect(probed.out).toContain('--write keeps what was found')

  const written = await skein('config', 'test', '--probe', '--write')
  expect(written).toMatchObject({ code: 0, err: '' })
  expect(written.out).toContain('kept in skein.yaml, as stores.photos.capabilities')
  const text = await readFile(file, 'utf8')
  expect(text).toContain('# ours')
  expect(text).toContain('maxPairs: 9')
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  const again = await skein('config', 'test', '--probe', '--write')
  expect(again.out).toMatch(/photos: \d+ capabilities as recorded/)
  expect(again.out).toMatch(/plain: \d+ capabilities as recorded/)
  expect(await readFile(file, 'utf8')).toBe(text)
  const created = await skein.withInput('x', 'presign', 'put', 'photos:a', '--if-absent')
  expect(created.code).toBe(0)
})

test('writes to a JSON file too', async () => {
  const skein = await newSkein(ENV)
  const file = await configured(
    skein,
    JSON.stringify({ stores: { photos: await newBucket() } }),
    'skein.json',
  )
  const { code, out } = await skein('config', 'test', '--probe', '--write', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    written: 'skein.json',
    stores: [
      {
        probe: {
          settings: expect.arrayContaining([{ path: ['put', 'create'], value: true }]) as unknown,
        },
      },
    ],
  })
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    stores: {
      photos: { uri: expect.any(String) as string, capabilities: { put: { create: true } } },
    },
  })
})

test('takes a URI, and refuses what cannot be', async () => {
  const skein = await newSkein(ENV)
  const uri = await newBucket()
  expect(await skein('config', 'test', uri)).toMatchObject({ code: 0 })
  expect(await skein('config', 'test', '--write')).toMatchObject({ code: 2 })
  const foreign = await skein('config', 'test', uri, '--probe', '--write')
  expect(foreign).toMatchObject({ code: 2 })
  expect(foreign.err).toContain('has no store')
  const unknown = await skein('config', 'test', 'nowhere')
  expect(unknown).toMatchObject({ code: 2 })
  expect(unknown.err).toContain('it has main, second, third')
})

test('one setting inside a store that is a bare URI spells the store out', async () => {
  const skein = await newSkein(ENV)
  const file = await configured(skein, 'stores:\n  here: file:./data\n')
  expect((await skein('config', 'set', 'stores.here.transfer.concurrency', '8')).code).toBe(0)
  expect(await readFile(file, 'utf8')).toBe(
    'stores:\n  here:\n    uri: file:./data\n    transfer:\n      concurrency: 8\n',
  )
})
