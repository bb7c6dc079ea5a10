// The companion's endpoints over HTTP, at every kind of store: forms where there are forms, parts where
// there are none, a refusal that says what to do where Uppy cannot upload at all, and a credential in the
// URL that opens nothing else.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { freshPlace } from '../suites/storage/harness.ts'
import type { Finished, FormPlan } from './companion.ts'
import { answered, companion, postForm, refused, sendPart } from './companion.ts'
import type { RunningSkein } from './running-skein.ts'
import { entryOf, startSkein } from './running-skein.ts'

const MiB = 1024 * 1024
const FILE = bytesOf(50_000, 3)
const HEAD = bytesOf(5 * MiB, 4)
const TAIL = bytesOf(1_000, 5)
const RULES = { types: ['image/*'], maxSize: 6 * MiB, keys: ['photos/**'] }

const servers = inject('servers')
const folder = await mkdtemp(join(tmpdir(), 'skein-uppy-'))
const descriptions = [
  await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } }),
  await describeGcs(servers),
  await describeS3(servers, { name: 'r2', scheme: 'r2://account/', dialect: 'r2' }),
  await describeAzurite(servers),
]
const entries = {
  ...Object.fromEntries(descriptions.map((one) => [one.name, entryOf(one, freshPlace())])),
  folder: `file:${folder}`,
}

let skein: RunningSkein
beforeAll(async () => {
  skein = await startSkein(entries, { uploads: RULES })
})
afterAll(async () => {
  await skein.close()
  await rm(folder, { recursive: true, force: true })
})

const open = async (workspace: string) => companion(await skein.mint(workspace))

describe.each(['s3', 'gcs'])('a form at %s', (name) => {
  it('is taken, verified and seen at its key when the application says so', async () => {
    const to = await open(name)
    const meta = { name: 'ü.png', type: 'image/png', relativePath: null, Album: 'Ostern' }
    const form = await answered<FormPlan>(to.params('ü.png', 'image/png', meta))
    expect(form.dropped).toEqual({ type: 'the content type says it', relativePath: 'it is empty' })
    expect((await postForm(form, FILE)).ok).toBe(true)
    const landing = form.fields['key'] ?? ''
    const { key, location, size } = await answered<Finished>(to.done(landing))
    expect(await answered<Finished>(to.done(landing))).toMatchObject({ key, location, size })
    expect(key).toMatch(/^photos\/[0-9a-f-]{36}-ü\.png$/)
    expect(location).toBe(`${skein.url}/v1/${name}/download?key=${encodeURIComponent(key)}`)
    expect(size).toBe(FILE.length)
    const info = await holds(name, key, FILE)
    expect(info.metadata).toMatchObject({ name: 'ü.png', album: 'Ostern' })
  })

  it('is refused by the provider for one byte too many', async () => {
    const form = await answered<FormPlan>((await open(name)).params('a.png', 'image/png'))
    const sent = await postForm(form, bytesOf(RULES.maxSize + 1, 6))
    expect(sent.status).toBe(400)
  })

  it('is looked for by the queue, since Uppy tells nobody', async () => {
    const form = await answered<FormPlan>((await open(name)).params('a.png', 'image/png'))
    const { key = '' } = form.fields
    const own = skein.queued.filter(({ task }) => key.endsWith(String(task['key'])))
    expect(own.map(({ delaySeconds }) => delaySeconds)).toEqual([60, 900])
    const { task } = own[0]!
    expect(task).toEqual({
      ...{ v: 1, kind: 'upload-arrived', workspace: name, store: name },
      key: expect.stringMatching(/^\.skein\/staging\//),
    })
  })
})

describe.each(['r2', 'folder'])('a form at %s', (name) => {
  it('is refused, and the refusal says what to give Uppy', async () => {
    const { status, detail } = await refused((await open(name)).params('a.png', 'image/png'))
    expect(status).toBe(422)
    expect(detail).toContain('shouldUseMultipart: true')
  })
})

describe.each(['s3', 'gcs', 'r2', 'folder'])('parts at %s', (name) => {
  it('are sent, listed, and put together once', async () => {
    const to = await open(name)
    const { uploadId } = await begun(to)
    const first = await sendPart(to, uploadId, 1, HEAD)
    const listed = await answered<(typeof first)[]>(to.list(uploadId))
    expect(listed).toMatchObject([{ PartNumber: 1, Size: HEAD.length }])
    const parts = [first, await sendPart(to, uploadId, 2, TAIL)]
    const { key, size } = await answered<Finished>(to.complete(uploadId, parts))
    expect(size).toBe(HEAD.length + TAIL.length)
    await holds(name, key, Buffer.concat([HEAD, TAIL]))
    const again = await answered<Finished>(to.complete(uploadId, parts))
    expect(again.key).toBe(key)
    expect(await answered<Finished>(to.done(key))).toMatchObject({ key, size })
  })

  it('are not put together with a part that is not what was sent', async () => {
    const to = await open(name)
    const { uploadId, key } = await begun(to)
    const part = await sendPart(to, uploadId, 1, TAIL)
    const wrong = { ...part, ETag: `0${part.ETag.slice(1)}x` }
    expect((await refused(to.complete(uploadId, [wrong]))).status).toBeLessThan(500)
    expect(await skein.store(name).find(key)).toBeUndefined()
  })

  it('are aborted', async () => {
    const to = await open(name)
    const { uploadId, key } = await begun(to)
    const part = await sendPart(to, uploadId, 1, TAIL)
    await answered(to.abort(uploadId))
    await refused(to.complete(uploadId, [part]))
    expect(await skein.store(name).find(key)).toBeUndefined()
  })

  it('are refused when they are more than the workspace allows in all', async () => {
    const to = await open(name)
    const { uploadId, key } = await begun(to)
    const parts = [
      await sendPart(to, uploadId, 1, HEAD),
      await sendPart(to, uploadId, 2, bytesOf(2 * MiB, 7)),
    ]
    expect((await refused(to.complete(uploadId, parts))).status).toBe(400)
    expect(await skein.store(name).find(key)).toBeUndefined()
  })
})

describe('an upload id', () => {
  it('fits into every platform’s URLs, whatever metadata there is', async () => {
    const endpoint = await skein.mint('s3')
    const meta = Object.fromEntries(
      'a b c d e f g h i j'.split(' ').map((name) => [name, 'ü'.repeat(60)]),
    )
    const { uploadId } = await answered<{ uploadId: string }>(
      companion(endpoint).create(`${'long'.repeat(100)}.png`, 'image/png', meta),
    )
    // Azure Functions take 8,192 characters, of which the host has some.
    expect(endpoint.length + uploadId.length).toBeLessThan(6000)
  })
})

describe('Azure', () => {
  it('is refused, with the way that does work', async () => {
    const to = await open('azure')
    for (const answer of [to.params('a.png', 'image/png'), to.create('a.png', 'image/png')]) {
      const { status, detail } = await refused(answer)
      expect(status).toBe(422)
      expect(detail).toContain("Skein's own client")
    }
  })
})

describe('the rules of the workspace', () => {
  it('hold for forms and for parts', async () => {
    const to = await open('s3')
    for (const answer of [to.params('a.txt', 'text/plain'), to.create('a.txt', 'text/plain')]) {
      expect(await refused(answer)).toMatchObject({ status: 403, rule: 'types' })
    }
  })
})

async function begun(to: ReturnType<typeof companion>) {
  return answered<{ key: string; uploadId: string }>(to.create('a.png', 'image/png'))
}

async function holds(name: string, key: string, bytes: Uint8Array) {
  const { info, body } = await skein.store(name).get(key)
  sameBytes(await readAll(body), bytes, `${name} ${key}`)
  expect(info.contentType).toBe('image/png')
  return info
}
