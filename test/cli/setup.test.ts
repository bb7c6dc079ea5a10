// `skein setup`, as it is typed.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { closedPort, describeS3 } from '../harness/descriptions.ts'
import { startAnswering } from '../providers/azure-answers.ts'
import { newSkein } from './skein.ts'

interface Answer {
  applied: boolean
  stores: { store: string; steps: { what: string; state: string }[] }[]
}

async function skeinWith(setup: object, more: object = {}) {
  const skein = await newSkein()
  const variant = { name: 'minio', scheme: 'minio://' }
  const { uri, options } = await describeS3(inject('servers'), variant)
  const photos = { uri: uri.replace('/{place}', ''), ...options?.credentials, setup }
  const config = { stores: { photos, plain: 'file:./plain', ...more } }
  await writeFile(join(skein.folder, 'skein.json'), JSON.stringify(config))
  return skein
}

const read = (out: string) => JSON.parse(out) as Answer

test('shows what would change, changes it when told, and then finds it fit', async () => {
  const skein = await skeinWith({ versioning: true, lifecycle: { abortMultipartAfterDays: 7 } })
  const dry = await skein('setup')
  expect(dry).toMatchObject({ code: 0, err: '' })
  expect(dry.out).toContain('versioning  would change\n    - Status: Off\n    + Status: Enabled\n')
  expect(dry.out).toContain(
    '+ skein-abort-multipart AbortIncompleteMultipartUpload: {"DaysAfterInitiation":7}',
  )
  expect(dry.out).toContain('2 changes wait for --apply; nothing was changed.')
  expect(dry.out).not.toContain('plain')

  const states = (out: string) => read(out).stores[0]?.steps.map(({ state }) => state)
  expect(states((await skein('setup', 'photos', '--json')).out)).toEqual(['change', 'change'])
  const applied = await skein('setup', '--apply', '--json')
  expect(applied.code).toBe(0)
  expect(read(applied.out).applied).toBe(true)
  expect(states(applied.out)).toEqual(['changed', 'changed'])
  expect(states((await skein('setup', '--json')).out)).toEqual(['fit', 'fit'])
})

test('fails where something is refused, and does the rest', async () => {
  const skein = await skeinWith({ cors: { origins: ['https://a.example'] }, versioning: true })
  const outcome = await skein('setup', '--apply')
  expect(outcome.code).toBe(1)
  expect(outcome.out).toContain('cors        refused: MinIO cannot set CORS for a bucket.')
  expect(outcome.out).toContain('versioning  changed')
})

test('says so where nothing is wanted, and where there is no such store', async () => {
  const skein = await skeinWith({ versioning: true })
  const plain = await skein('setup', 'plain')
  expect(plain).toMatchObject({ code: 0, out: '' })
  expect(plain.err).toContain('plain: nothing to set up; say what is wanted')
  const unknown = await skein('setup', 'fotos')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain('There is no store "fotos" in the configuration')
})

test('tells what it did to one store when another does not answer', async () => {
  const away = {
    uri: `minio://away?endpoint=http://127.0.0.1:${await closedPort()}`,
    accessKeyId: 'k',
    secretAccessKey: 's',
    retry: { attempts: 1 },
    setup: { versioning: true },
  }
  const keyless = { uri: 'gs://keyless', credentialsJson: 'none', setup: { versioning: true } }
  const skein = await skeinWith({ versioning: true }, { away, keyless })
  const outcome = await skein('setup', '--apply')
  expect(outcome.code).toBe(1)
  expect(outcome.out).toContain('versioning  changed')
  expect(outcome.out).toMatch(/away {2}minio:\/\/away\n {2}\S.*127\.0\.0\.1/)
  expect(outcome.out).toContain('keyless  gs://keyless\n  its credentials JSON of keyless is not')
})

test('tells what it sent when it could not look at it again', async () => {
  let sent = false
  const s3 = await startAnswering(({ method }) => {
    if (sent) return 'cut'
    sent = method === 'PUT'
    return { status: 200, body: '<VersioningConfiguration/>' }
  })
  onTestFinished(() => s3.stop())
  const uri = `minio://brief?endpoint=${s3.url}`
  const keys = { accessKeyId: 'k', secretAccessKey: 's', retry: { attempts: 1 } }
  const brief = { uri, ...keys, setup: { versioning: true } }
  const skein = await skeinWith({ versioning: true }, { brief })
  const outcome = await skein('setup', 'brief', '--apply')
  expect(outcome.code).toBe(1)
  expect(outcome.out).toContain(
    'versioning  failed: the provider took the change and cannot be asked about it: ',
  )
  expect(outcome.out).toContain('+ Status: Enabled')
})
