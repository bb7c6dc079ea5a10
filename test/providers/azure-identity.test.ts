// A store opened with an identity alone, end to end: a token from the chain, the driver's calls with it,
// and URLs signed with the delegation key it gets. Azurite takes tokens over HTTPS only, and looks at all
// of them but the signature.

import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import { createAzureDriver } from '#shared/storage/providers/azure/driver.ts'
import type { AzureSettings } from '#shared/storage/providers/azure/settings.ts'
import { createAzureSigner } from '#shared/storage/providers/azure/sign.ts'
import { startProcess } from '../servers/process.ts'
import type { AnsweringServer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import { settingsOf } from './azure-opening.ts'

const ACCOUNT = 'devstoreaccount1'
const ACCOUNT_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

const { signal } = new AbortController()
const certificateFile = pathOf('certificate.pem')
const trusted = getCACertificates('default')

let folder: string
let azurite: Awaited<ReturnType<typeof startProcess>>
let tokens: AnsweringServer
let settings: AzureSettings
let driver: Driver

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../vectors/azure-tls/${name}`, import.meta.url))
}

beforeAll(async () => {
  setDefaultCACertificates([...trusted, readFileSync(certificateFile, 'utf8')])
  folder = await mkdtemp(join(tmpdir(), 'skein-azurite-'))
  azurite = await startProcess({
    command: process.execPath,
    args: [
      fileURLToPath(import.meta.resolve('azurite/dist/src/blob/main.js')),
      ...['--blobHost', '127.0.0.1', '--blobPort', '0', '--disableProductStyleUrl'],
      ...['--inMemoryPersistence', '--silent', '--disableTelemetry', '--skipApiVersionCheck'],
      ...['--oauth', 'basic', '--cert', certificateFile, '--key', pathOf('key.pem')],
    ],
    cwd: folder,
    ready: /listens on https/,
  })
  const origin = /https:\/\/[\d.:]+/.exec(azurite.line)?.[0] ?? ''
  const credential = new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY)
  await new ContainerClient(`${origin}/${ACCOUNT}/tests`, credential).create()
  tokens = await startAnswering(() => ({
    status: 200,
    body: JSON.stringify({ access_token: unsignedToken(), expires_in: 3600 }),
  }))
  settings = settingsOf(`az://${ACCOUNT}/tests?endpoint=${origin}`, {
    env: { IDENTITY_ENDPOINT: `${tokens.url}/token`, IDENTITY_HEADER: 'x' },
  })
  driver = createAzureDriver(settings)
})

afterAll(async () => {
  await azurite.stop()
  await tokens.stop()
  await rm(folder, { recursive: true, force: true })
  setDefaultCACertificates(trusted)
})

function unsignedToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    aud: 'https://storage.azure.com',
    iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000001/',
    iat: now - 60,
    nbf: now - 60,
    exp: now + 3600,
    oid: '00000000-0000-0000-0000-000000000002',
    tid: '00000000-0000-0000-0000-000000000001',
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2ln`
}

describe('an identity', () => {
  it('reads, writes, copies and deletes with one token', async () => {
    await driver.put('a', { bytes: Buffer.from('hello') }, { mode: 'create', signal })
    await driver.copy({ key: 'a' }, 'b', { mode: 'create', signal })
    expect((await driver.list({ signal })).objects.map((object) => object.key)).toEqual(['a', 'b'])
    const results = await driver.delete([{ key: 'a' }, { key: 'b' }], { signal })
    expect(results).toEqual([{ key: 'a' }, { key: 'b' }])
    expect(tokens.asked.length).toBe(1)
  })

  it('signs URLs that are good for their blob and action alone', async () => {
    const signer = createAzureSigner(settings)
    const put = await signer.presign({ action: 'put', key: 'ü b', expiresInSeconds: 60 })
    const send = (url: string, method = 'PUT') =>
      fetch(url, { method, headers: put.headers, ...(method === 'PUT' && { body: 'hello' }) })
    expect((await send(put.url)).status).toBe(201)
    expect((await send(put.url, 'DELETE')).status).toBe(403)
    expect((await send(put.url.replace('%20b', '%20c'))).status).toBe(403)
    const response = { contentType: 'text/x' }
    const get = await signer.presign({ action: 'get', key: 'ü b', expiresInSeconds: 60, response })
    const got = await fetch(get.url)
    expect([await got.text(), got.headers.get('content-type')]).toEqual(['hello', 'text/x'])
  })
})
