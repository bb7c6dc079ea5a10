// The credential in the endpoint's URL: who may have one made, what it opens, when it ends, and that it is
// never written down.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { describeS3 } from '../harness/descriptions.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { freshPlace } from '../suites/storage/harness.ts'
import { answered, companion, refused, sendPart } from './companion.ts'
import type { RunningSkein } from './running-skein.ts'
import { entryOf, startSkein } from './running-skein.ts'

const PREFIX = 'users/ann/'
const s3 = await describeS3(inject('servers'), {
  ...{ name: 's3', row: 's3', parameters: { region: 'us-east-1' } },
})
const folder = await mkdtemp(join(tmpdir(), 'skein-uppy-'))

let aheadMs = 0
let skein: RunningSkein
beforeAll(async () => {
  const stores = { s3: entryOf(s3, freshPlace()), folder: `file:${folder}` }
  skein = await startSkein(stores, { prefix: PREFIX, now: () => Date.now() + aheadMs })
})
afterAll(async () => {
  await skein.close()
  await rm(folder, { recursive: true, force: true })
})

describe('an endpoint', () => {
  it('is made for those alone who may upload', async () => {
    const url = `${skein.url}/v1/s3/uppy`
    expect((await fetch(url, { method: 'POST' })).status).toBe(401)
    const wrong = { authorization: 'Bearer skein_wrong' }
    expect((await fetch(url, { method: 'POST', headers: wrong })).status).toBe(401)
    expect((await skein.call('/v1/s3/uppy', { method: 'POST' })).status).toBe(200)
    expect((await skein.call('/v1/nowhere/uppy', { method: 'POST' })).status).toBe(403)
  })

  it('uploads under the prefix of whoever had it made, or a narrower one', async () => {
    const wide = companion(await skein.mint('s3'))
    const narrow = companion(await skein.mint('s3', { prefix: `${PREFIX}album/` }))
    expect((await begun(wide)).key).toMatch(/^users\/ann\/[0-9a-f-]{36}-a\.png$/)
    expect((await begun(narrow)).key).toMatch(/^users\/ann\/album\/[0-9a-f-]{36}-a\.png$/)
    await expect(skein.mint('s3', { prefix: 'users/bob/' })).rejects.toThrow(/403.*users\/ann\//)
  })

  it('lasts as long as it says', async () => {
    const endpoint = await skein.mint('s3', { expiresInSeconds: 60 })
    await begun(companion(endpoint))
    aheadMs = 61_000
    const { status, detail } = await refused(companion(endpoint).create('a.png', 'image/png'))
    aheadMs = 0
    expect([status, detail]).toEqual([403, expect.stringContaining('ended at')])
    for (const expiresInSeconds of [0, -1, 1.5, 604_801, '60']) {
      await expect(skein.mint('s3', { expiresInSeconds })).rejects.toThrow(/^400/)
    }
  })

  it('opens no other workspace, and none when a letter of it is changed', async () => {
    const endpoint = await skein.mint('s3')
    const other = companion(endpoint.replace('/v1/s3/', '/v1/folder/'))
    expect((await refused(other.create('a.png', 'image/png'))).status).toBe(403)
    const token = endpoint.split('/').at(-1) ?? ''
    for (let at = 0; at < token.length; at += 7) {
      const letter = token[at] === 'A' ? 'B' : 'A'
      const forged = token.slice(0, at) + letter + token.slice(at + 1)
      const to = companion(endpoint.replace(token, forged))
      expect((await refused(to.create('a.png', 'image/png'))).status).toBe(403)
    }
  })

  it('takes no upload id of another workspace, another prefix, or for an endpoint', async () => {
    const { uploadId } = await begun(companion(await skein.mint('s3')))
    const narrow = companion(await skein.mint('s3', { prefix: `${PREFIX}album/` }))
    const elsewhere = companion(await skein.mint('folder'))
    const endpoint = await skein.mint('s3')
    for (const answer of [
      ...[narrow.sign(uploadId, 1), narrow.list(uploadId), narrow.abort(uploadId)],
      ...[elsewhere.sign(uploadId, 1), elsewhere.list(uploadId), elsewhere.abort(uploadId)],
      companion(endpoint).list(endpoint.split('/').at(-1) ?? ''),
    ]) {
      expect((await refused(answer)).status).toBe(403)
    }
  })

  it('is no credential for anything else', async () => {
    const endpoint = await skein.mint('s3')
    const headers = { authorization: `Bearer ${endpoint.split('/').at(-1)}` }
    expect((await fetch(`${skein.url}/v1/s3/objects`, { headers })).status).toBe(401)
    expect((await fetch(`${endpoint}/objects`)).status).toBe(404)
  })

  it('answers whatever page holds it', async () => {
    const endpoint = await skein.mint('s3')
    const origin = 'https://app.example'
    const asked = { 'access-control-request-method': 'POST', origin }
    const more = { ...asked, 'access-control-request-headers': 'content-type' }
    const preflight = await fetch(`${endpoint}/s3/multipart`, { method: 'OPTIONS', headers: more })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type')
    for (const path of ['params?filename=a', 'params', 'nothing']) {
      const { headers } = await fetch(`${endpoint}/s3/${path}`, { headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  it('is told by no log and no answer', async () => {
    const endpoint = await skein.mint('s3')
    const token = endpoint.split('/').at(-1) ?? ''
    const to = companion(endpoint)
    const { uploadId } = await begun(to)
    const answers = [
      to.create('', 'image/png'),
      to.sign(uploadId, 0),
      to.complete(uploadId, []),
      to.done('users/ann/nothing'),
      fetch(`${endpoint}/s3/nothing`),
      fetch(`${endpoint}/s3/multipart`, { method: 'POST', body: '{' }),
    ]
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(await answer.text()).not.toContain(token)
    }
    expect(skein.logged.join('\n')).not.toContain(token)
    expect(skein.logged.join('\n')).not.toContain(uploadId)
  })
})

describe('a part', () => {
  it('is signed without any header, since Uppy sends none', async () => {
    const to = companion(await skein.mint('folder'))
    const { uploadId } = await begun(to)
    const part = await sendPart(to, uploadId, 1, bytesOf(100, 1))
    await answered(to.complete(uploadId, [part]))
    for (const number of [0, 10_001]) {
      expect((await refused(to.sign(uploadId, number))).status).toBe(400)
    }
  })
})

async function begun(to: ReturnType<typeof companion>) {
  return answered<{ key: string; uploadId: string }>(to.create('a.png', 'image/png'))
}
