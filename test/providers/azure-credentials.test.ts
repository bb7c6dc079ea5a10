// Where an Azure store's credentials come from, and the tokens of Microsoft Entra against small servers
// that take exactly the requests that the real ones document.

import { Buffer } from 'node:buffer'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { AccessToken } from '#shared/storage/providers/azure/tokens.ts'
import { tokenSource } from '#shared/storage/providers/azure/tokens.ts'
import type { Answer, AnsweringServer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import type { OpenedWith } from './azure-opening.ts'
import { settingsOf } from './azure-opening.ts'

const KEY = Buffer.alloc(64, 1).toString('base64')
const OTHER_KEY = Buffer.alloc(64, 2).toString('base64')
const SAS = 'sv=2022-11-02&sr=c&sp=rw&se=2030-01-01T00:00:00Z&sig=c2ln'
const URI = 'az://myaccount/docs/some/prefix'

function refusalOf(run: () => unknown): StorageError {
  try {
    run()
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
  throw new Error('it went well')
}

function keyOf(given: OpenedWith, uri = URI): string | undefined {
  const { credential } = settingsOf(uri, given)
  return credential.kind === 'key' ? credential.accountKey : credential.kind
}

describe('settings', () => {
  it('name account, container and endpoint', () => {
    expect(settingsOf(URI, { credentials: { accountKey: KEY } })).toMatchObject({
      name: 'photos',
      account: 'myaccount',
      container: 'docs',
      endpoint: 'https://myaccount.blob.core.windows.net',
    })
  })

  it.each([
    ['http://127.0.0.1:10000', 'http://127.0.0.1:10000/myaccount'],
    ['http://localhost:10000/', 'http://localhost:10000/myaccount'],
    ['http://127.0.0.1:10000/myaccount', 'http://127.0.0.1:10000/myaccount'],
    ['https://blobs.example.com', 'https://blobs.example.com'],
  ])('take the endpoint %s', (given, endpoint) => {
    const settings = settingsOf(`${URI}?endpoint=${given}`, { credentials: { accountKey: KEY } })
    expect(settings.endpoint).toBe(endpoint)
  })

  it.each([
    ['az://My_Account/docs', 'My_Account'],
    ['az://ab/docs', 'ab'],
    ['az://myaccount/Docs', 'Docs'],
    ['az://myaccount/a--b', 'a--b'],
    ['az://myaccount/a.b', 'a.b'],
  ])('refuse %s', (uri, named) => {
    const error = refusalOf(() => settingsOf(uri, { credentials: { accountKey: KEY } }))
    expect(error.kind).toBe('invalid')
    expect(error.message).toContain(`"${named}"`)
  })
})

describe('keys and SAS tokens', () => {
  it('of the options come before the environment', () => {
    const env = { AZURE_STORAGE_KEY: OTHER_KEY }
    expect(keyOf({ credentials: { accountKey: KEY }, env })).toBe(KEY)
    expect(keyOf({ env })).toBe(OTHER_KEY)
    expect(keyOf({ credentials: { sasToken: SAS }, env })).toBe('sas')
  })

  it('of the environment are taken for their own account only', () => {
    const env = { AZURE_STORAGE_ACCOUNT: 'other', AZURE_STORAGE_KEY: KEY }
    expect(keyOf({ env })).toBe('token')
    expect(keyOf({ env: { ...env, AZURE_STORAGE_ACCOUNT: 'myaccount' } })).toBe(KEY)
    expect(keyOf({ env: { AZURE_STORAGE_SAS_TOKEN: `?${SAS}` } })).toBe('sas')
  })

  const connection = `DefaultEndpointsProtocol=https;AccountName=myaccount;AccountKey=${KEY};EndpointSuffix=core.chinacloudapi.cn`

  it('come out of connection strings, with their endpoint', () => {
    const settings = settingsOf(URI, { credentials: { connectionString: connection } })
    expect(settings.endpoint).toBe('https://myaccount.blob.core.chinacloudapi.cn')
    expect(keyOf({ env: { AZURE_STORAGE_CONNECTION_STRING: connection } })).toBe(KEY)
    const blob = `${connection};BlobEndpoint=https://blobs.example.com/`
    expect(settingsOf(URI, { credentials: { connectionString: blob } }).endpoint).toBe(
      'https://blobs.example.com',
    )
    const proxied = `${URI}?endpoint=https://proxy.example.com`
    expect(settingsOf(proxied, { credentials: { connectionString: blob } }).endpoint).toBe(
      'https://proxy.example.com',
    )
    const sas = `BlobEndpoint=https://myaccount.blob.core.windows.net;SharedAccessSignature=${SAS}`
    expect(keyOf({ credentials: { connectionString: sas } })).toBe('sas')
  })

  it("are the emulator's own for its short connection string", () => {
    const given = { credentials: { connectionString: 'UseDevelopmentStorage=true' } }
    const settings = settingsOf('az://devstoreaccount1/docs', given)
    expect(settings.endpoint).toBe('http://127.0.0.1:10000/devstoreaccount1')
    expect(refusalOf(() => settingsOf(URI, given)).kind).toBe('invalid')
  })

  it('of a connection string for another account are passed over in the environment alone', () => {
    const other = connection.replace('myaccount', 'other')
    expect(keyOf({ env: { AZURE_STORAGE_CONNECTION_STRING: other } })).toBe('token')
    expect(refusalOf(() => keyOf({ credentials: { connectionString: other } })).kind).toBe(
      'invalid',
    )
  })

  it.each<[string, OpenedWith['credentials'], ErrorKind]>([
    ['a key that is not base64', { accountKey: 'not base64!' }, 'unauthenticated'],
    ['a connection string that is none', { connectionString: 'nonsense' }, 'unauthenticated'],
    [
      'a connection string with nothing in it',
      { connectionString: 'AccountName=myaccount' },
      'unauthenticated',
    ],
    [
      'a connection string whose endpoint is none',
      { connectionString: `BlobEndpoint=nowhere;SharedAccessSignature=${SAS}` },
      'unauthenticated',
    ],
    ['a SAS without a signature', { sasToken: 'sv=2022-11-02&sr=c&sp=r' }, 'unauthenticated'],
    ['a SAS of one blob', { sasToken: SAS.replace('sr=c', 'sr=b') }, 'invalid'],
    ['two credentials', { sasToken: SAS, accountKey: KEY }, 'invalid'],
  ])('are refused at once: %s', (_, credentials, kind) => {
    const error = refusalOf(() => settingsOf(URI, { credentials }))
    expect(error).toMatchObject({ kind, store: 'photos' })
    for (const secret of Object.values(credentials ?? {}))
      expect(error.message).not.toContain(secret)
  })
})

describe('tokens', () => {
  const NOW = Date.parse('2026-01-01T00:00:00Z')
  let server: AnsweringServer
  let folder: string

  beforeEach(async () => {
    server = await startAnswering(() => ({ status: 500 }))
    folder = await mkdtemp(join(tmpdir(), 'skein-azure-'))
  })

  afterEach(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  async function token(env: Record<string, string>, fileSystem = false): Promise<AccessToken> {
    // Nobody listens on port 1: no test may reach a real metadata service.
    const all = { AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:1', ...env }
    return tokenSource({ env: all, fileSystem, now: () => NOW }, 'photos')()
  }

  async function failure(work: Promise<unknown>): Promise<StorageError> {
    const error: unknown = await work.catch((reason: unknown) => reason)
    if (error instanceof StorageError) return error
    throw new Error('it went well, or failed otherwise', { cause: error })
  }

  function json(body: unknown, status = 200): Answer {
    return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  }

  const secretEnv = () => ({
    AZURE_TENANT_ID: 'tenant',
    AZURE_CLIENT_ID: 'client',
    AZURE_CLIENT_SECRET: 'top+secret',
    AZURE_AUTHORITY_HOST: `${server.url}/`,
  })

  it('are asked for with a client secret', async () => {
    server.answering = ({ method, url, body, headers }) => {
      const form = Object.fromEntries(new URLSearchParams(body))
      expect([method, url.pathname]).toEqual(['POST', '/tenant/oauth2/v2.0/token'])
      expect(headers['content-type']).toContain('application/x-www-form-urlencoded')
      expect(form).toEqual({
        grant_type: 'client_credentials',
        scope: 'https://storage.azure.com/.default',
        client_id: 'client',
        client_secret: 'top+secret',
      })
      return json({ token_type: 'Bearer', expires_in: 3599, access_token: 'tok' })
    }
    expect(await token(secretEnv())).toEqual({ token: 'tok', expiresAt: NOW + 3_599_000 })
  })

  it('are asked for with the token of a workload, read anew', async () => {
    const file = join(folder, 'token')
    await writeFile(file, 'cluster.jwt\n')
    server.answering = ({ body }) => {
      const form = new URLSearchParams(body)
      expect(form.get('client_assertion')).toBe('cluster.jwt')
      expect(form.get('client_assertion_type')).toBe(
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      )
      expect(form.has('client_secret')).toBe(false)
      return json({ expires_in: '3599', access_token: 'tok' })
    }
    const { AZURE_CLIENT_SECRET: _, ...env } = secretEnv()
    expect((await token({ ...env, AZURE_FEDERATED_TOKEN_FILE: file })).token).toBe('tok')
    const gone = await failure(token({ ...env, AZURE_FEDERATED_TOKEN_FILE: join(folder, 'gone') }))
    expect(gone).toMatchObject({ kind: 'unauthenticated', store: 'photos' })
  })

  it('are asked for beside a function', async () => {
    server.answering = ({ url, headers }) => {
      expect(headers['x-identity-header']).toBe('header-secret')
      expect(Object.fromEntries(url.searchParams)).toEqual({
        'api-version': '2019-08-01',
        resource: 'https://storage.azure.com',
        client_id: 'mine',
      })
      return json({ access_token: 'tok', expires_on: String(NOW / 1000 + 60) })
    }
    const env = {
      IDENTITY_ENDPOINT: `${server.url}/msi/token`,
      IDENTITY_HEADER: 'header-secret',
      AZURE_CLIENT_ID: 'mine',
    }
    expect(await token(env)).toEqual({ token: 'tok', expiresAt: NOW + 60_000 })
  })

  it("are asked of a machine's metadata service", async () => {
    server.answering = ({ url, headers }) => {
      expect(headers['metadata']).toBe('true')
      expect(url.pathname).toBe('/metadata/identity/oauth2/token')
      expect(url.searchParams.get('api-version')).toBe('2018-02-01')
      return json({
        access_token: 'tok',
        expires_in: '86399',
        expires_on: String(NOW / 1000 + 86_399),
      })
    }
    const { expiresAt } = await token({ AZURE_POD_IDENTITY_AUTHORITY_HOST: server.url })
    expect(expiresAt).toBe(NOW + 86_399_000)
  })

  it('come from "az login" where there is a machine', async () => {
    const script = `#!/bin/sh\n[ "$*" = "account get-access-token --output json --resource https://storage.azure.com" ] || exit 1\necho '{"accessToken":"tok","expiresOn":"2026-01-01 02:00:00.000000","expires_on":${NOW / 1000 + 3600}}'\n`
    await writeFile(join(folder, 'az'), script)
    await chmod(join(folder, 'az'), 0o755)
    const env = { PATH: `${folder}:/bin:/usr/bin` }
    expect(await token(env, true)).toEqual({ token: 'tok', expiresAt: NOW + 3_600_000 })
    expect((await failure(token(env, false))).kind).toBe('unauthenticated')
  })

  it('of a machine without any identity: the error tells all ways', async () => {
    server.answering = () =>
      json({ error: 'invalid_request', error_description: 'Identity not found' }, 400)
    const error = await failure(
      token({ AZURE_POD_IDENTITY_AUTHORITY_HOST: server.url, PATH: folder }, true),
    )
    expect(error).toMatchObject({ kind: 'unauthenticated', store: 'photos' })
    for (const way of ['AZURE_STORAGE_KEY', 'managed identity', 'az login']) {
      expect(error.message).toContain(way)
    }
  })

  it.each([
    [401, 'unauthenticated', 'never', 'AADSTS7000215'],
    [429, 'throttled', 'later', '429'],
    [503, 'unavailable', 'later', '503'],
  ] as const)('that are refused with %d are %s', async (status, kind, retry, said) => {
    server.answering = () =>
      json(
        {
          error: 'invalid_client',
          error_description: 'AADSTS7000215: Invalid client secret top+secret',
        },
        status,
      )
    const error = await failure(token(secretEnv()))
    expect(error).toMatchObject({ kind, retry, status })
    expect(error.message).not.toContain('top+secret')
    expect(error.message).toContain(said)
  })

  it('that nobody gives are unavailable', async () => {
    server.answering = () => 'cut'
    expect((await failure(token(secretEnv()))).kind).toBe('unavailable')
  })

  it('that make no sense are refused', async () => {
    for (const body of ['<html>', '{}', '{"access_token":"tok"}']) {
      server.answering = () => ({ status: 200, body })
      expect((await failure(token(secretEnv()))).kind).toBe('unauthenticated')
    }
  })
})
