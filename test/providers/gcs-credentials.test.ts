// In whose name a Cloud Storage store is used, and where its server is: every source of credentials proven by
// a request that needs them, every fault told in a sentence before one.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Platform } from '#shared/platform.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { StoreCredentials } from '#shared/storage/options.ts'
import { createGcsDriver } from '#shared/storage/providers/gcs/driver.ts'
import type { GcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createGcsSigner } from '#shared/storage/providers/gcs/sign.ts'
import type { GcsServer } from '../servers/gcs/server.ts'
import { startGcsServer } from '../servers/gcs/server.ts'
import { startAnswering } from './azure-answers.ts'

const { signal } = new AbortController()
let server: GcsServer
let folder: string
let now = Date.now()

beforeAll(async () => {
  server = await startGcsServer({ now: () => now })
  folder = await mkdtemp(join(tmpdir(), 'skein-gcs-'))
  await fetch(`${server.url}/__control/buckets`, { method: 'POST', body: '{"name":"bucket"}' })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

interface Given {
  uri?: string
  credentials?: StoreCredentials
  env?: Record<string, string>
  fileSystem?: boolean
}

function open({ uri, credentials, env = {}, fileSystem = false }: Given): GcsSettings {
  const address = parseStoreUri(uri ?? `gs://bucket?endpoint=${server.url}`)
  const platform: Platform = { env, fileSystem, now: () => now }
  return gcsSettings({
    address,
    name: address.label,
    capabilities: address.row.capabilities,
    options: { credentials },
    platform,
  })
}

const keyFile = () => JSON.stringify(server.serviceAccount)
const hmac = () => ({
  GCS_HMAC_ACCESS_ID: server.hmac.accessId,
  GCS_HMAC_SECRET: server.hmac.secret,
})

async function transfers(settings: GcsSettings): Promise<void> {
  const driver = createGcsDriver(settings)
  await driver.put('k', { bytes: Buffer.from('v') }, { mode: 'overwrite', signal })
  expect((await driver.head('k', { signal })).size).toBe(1)
}

/** The signed URL works, and by the algorithm expected. */
async function signs(settings: GcsSettings, algorithm: string): Promise<void> {
  const signed = await createGcsSigner(settings).presign({
    action: 'put',
    key: 'signed',
    contentType: 'text/plain',
    expiresInSeconds: 60,
  })
  expect(new URL(signed.url).searchParams.get('X-Goog-Algorithm')).toBe(algorithm)
  const { method, headers, url } = signed
  expect((await fetch(url, { method, headers, body: 'x' })).status).toBe(200)
}

const RSA = 'GOOG4-RSA-SHA256'
const HMAC = 'GOOG4-HMAC-SHA256'

describe('credentials come', () => {
  it("from the store's own options, as JSON", async () => {
    const settings = open({ credentials: { credentialsJson: keyFile() } })
    await transfers(settings)
    await signs(settings, RSA)
  })

  it('from a key file, read when first needed', async () => {
    const file = join(folder, 'key.json')
    const settings = open({ credentials: { credentialsFile: file }, fileSystem: true })
    await expect(transfers(settings)).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining(`${file} of gs://bucket cannot be read`),
    })
    await writeFile(file, keyFile())
    await transfers(settings)
    await signs(settings, RSA)
    await signs(open({ env: { GOOGLE_APPLICATION_CREDENTIALS: file }, fileSystem: true }), RSA)
  })

  it('from the environment, HMAC keys for signing before RSA', async () => {
    const env = { GOOGLE_CREDENTIALS_JSON: keyFile(), ...hmac() }
    await transfers(open({ env }))
    await signs(open({ env }), HMAC)
    await signs(open({ env: hmac() }), HMAC)
    const { accessId: accessKeyId, secret: secretAccessKey } = server.hmac
    await signs(open({ credentials: { accessKeyId, secretAccessKey } }), HMAC)
  })

  it("from the store's own account though the environment has HMAC keys of another", async () => {
    await signs(open({ credentials: { credentialsJson: keyFile() }, env: hmac() }), RSA)
  })

  it("from a person's login, which cannot sign", async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const settings = open({
      credentials: { credentialsJson: JSON.stringify(server.authorizedUser) },
    })
    await expect(signs(settings, RSA)).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining('which cannot sign URLs'),
    })
  })

  it('from the metadata server, signing by IAM', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined)
    vi.stubEnv('GCE_METADATA_HOST', new URL(server.url).host)
    vi.stubEnv('HOME', folder)
    const settings = open({ fileSystem: true })
    await transfers(settings)
    await signs(settings, RSA)
    const signed = await createGcsSigner(settings).presign({
      action: 'get',
      key: 'k',
      expiresInSeconds: 86_400,
    })
    expect(signed.expiresAt.getTime()).toBe((Math.floor(now / 1000) + 12 * 3600) * 1000)
  })

  it('to nothing for an emulator, which is spoken to without', async () => {
    const settings = open({
      uri: 'gs://bucket',
      env: { STORAGE_EMULATOR_HOST: new URL(server.url).host },
    })
    expect(settings.endpoint).toBe(server.url)
    // Ours is strict where emulators are not.
    await expect(transfers(settings)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('Anonymous caller'),
    })
  })
})

describe('an access token', () => {
  const tokens = (settings: GcsSettings) => settings.accessToken?.()

  it('is fetched once for all who ask, and again shortly before its end', async () => {
    const settings = open({ credentials: { credentialsJson: keyFile() } })
    const [a, b] = await Promise.all([tokens(settings), tokens(settings)])
    expect(a?.value).toBe(b?.value)
    expect(tokens(settings)).toBe(a)
    now += 57 * 60_000
    const later = await tokens(settings)
    expect(later?.value).not.toBe(a?.value)
    await transfers(settings)
  })

  it('is used on while it holds, when a new one cannot be had', async () => {
    const own = await startGcsServer({ now: () => now })
    const settings = open({ credentials: { credentialsJson: JSON.stringify(own.serviceAccount) } })
    const first = await tokens(settings)
    await own.close()
    now += 57 * 60_000
    expect(await tokens(settings)).toBe(first)
    now += 60 * 60_000
    await expect(tokens(settings)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('that is missing from an answer is told', async () => {
    const other = await startAnswering(() => ({ status: 200, body: '{"id_token":"x"}' }))
    const account = { ...server.serviceAccount, token_uri: other.url }
    const given = open({ credentials: { credentialsJson: JSON.stringify(account) } })
    await expect(transfers(given)).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining(`${other.url} answered gs://bucket without an access token`),
    })
    await other.stop()
  })

  it('is refused in a sentence with the reason, and without what was sent', async () => {
    const stranger = { ...server.serviceAccount, client_email: 'stranger@example.com' }
    const settings = open({ credentials: { credentialsJson: JSON.stringify(stranger) } })
    await expect(tokens(settings)).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringMatching(/invalid_grant.*check the account/),
    })
  })
})

describe('a fault that can be seen is told at once:', () => {
  const account = () => server.serviceAccount
  it.each<[string, () => Given, RegExp]>([
    [
      'no credentials at all',
      () => ({}),
      /no Google credentials; set GOOGLE_APPLICATION_CREDENTIALS/,
    ],
    ['half an HMAC key', () => ({ env: { GCS_HMAC_ACCESS_ID: 'x' } }), /lacks its secret/],
    ['no JSON', () => ({ credentials: { credentialsJson: 'secret{' } }), /is not a JSON object/],
    [
      'JSON of something else',
      () => ({ credentials: { credentialsJson: '7' } }),
      /is not a JSON object/,
    ],
    [
      'a key file without its key',
      () => ({
        credentials: { credentialsJson: JSON.stringify({ ...account(), private_key: undefined }) },
      }),
      /client_email or private_key is missing/,
    ],
    [
      'a key whose line breaks are lost',
      () => ({
        env: { GOOGLE_CREDENTIALS_JSON: JSON.stringify({ ...account(), private_key: 'MIIE' }) },
      }),
      /not a PEM key/,
    ],
    [
      'a file where there are none',
      () => ({ env: { GOOGLE_APPLICATION_CREDENTIALS: '/k' } }),
      /no files here/,
    ],
  ])('%s', (_, given, message) => {
    const error = catchError(() => open(given()))
    expect(error).toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringMatching(message),
    })
    expect(error.message).not.toMatch(/secret\{|MIIE/)
  })

  it('a transfer with HMAC keys alone', async () => {
    await expect(transfers(open({ env: hmac() }))).rejects.toMatchObject({
      kind: 'unauthenticated',
    })
  })
})

function catchError(run: () => unknown): StorageError {
  try {
    run()
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('the project', () => {
  it('comes from the URI, else from the environment', () => {
    const env = { GOOGLE_CLOUD_PROJECT: 'p1', ...hmac() }
    expect(open({ env }).project).toBe('p1')
    expect(open({ env, uri: 'gs://bucket?project=p2' }).project).toBe('p2')
    expect(open({ env, uri: 'gs://bucket' }).endpoint).toBe('https://storage.googleapis.com')
  })
})
