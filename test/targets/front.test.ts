// What the front Worker answers by itself, and what it hands on: behind it stands one that says no more than that
// it was asked.

import { generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { mintToken } from '#shared/access/tokens.ts'
import { CHECKED_VARIABLE } from '#shared/config/checked.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { rowsAsText } from '../../functions/cloudflare/rows-as-text.ts'
import { buildAside } from './built.ts'
import { compatibility, modulesIn, prepared } from './workerd.ts'

/** Each case starts a process, on a machine that may have others to run. */
vi.setConfig({ testTimeout: 30_000 })

const { folder } = await buildAside('cloudflare')
const { token, hash } = mintToken()
const KEYS = { accessKeyId: 'key', secretAccessKey: 'secret' }

const BEHIND = {
  name: 'behind',
  modules: true,
  script: `export default {
    fetch: async (request) => Response.json({ behind: await request.text() }),
  }`,
}

function variables(store: unknown, more: object = {}): Record<string, string> {
  const config = {
    stores: { photos: store },
    workspaces: { app: { primary: 'photos', ...more } },
    access: { tokens: [{ name: 'tester', hash, workspaces: ['app'], scopes: ['upload'] }] },
  }
  return {
    SKEIN_CONFIG: JSON.stringify(config),
    SKEIN_SECRET: 'what these are sealed with, in a test',
  }
}

async function startFront(
  env: Record<string, string>,
): Promise<(asked: object) => Promise<Response>> {
  const common = await compatibility()
  const serviceBindings = { WORK: 'behind' }
  const front = { name: 'front', ...common, bindings: env, serviceBindings }
  const miniflare = new Miniflare({
    workers: [{ ...front, ...(await modulesIn(folder, 'front')) }, BEHIND],
    handleRuntimeStdio: () => undefined,
  })
  onTestFinished(() => miniflare.dispose())
  const { origin } = await miniflare.ready
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return (asked) =>
    fetch(`${origin}/v1/app/uploads`, { method: 'POST', headers, body: JSON.stringify(asked) })
}

function serviceAccount(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return JSON.stringify({
    type: 'service_account',
    client_email: 'skein@project.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  })
}

const AZURE_KEY = Buffer.from('an account key').toString('base64')
const SIGNED_HERE = [
  ['Amazon S3', { uri: 's3://photos?region=eu-west-1', ...KEYS }],
  ['Cloudflare R2', { uri: 'r2://account/photos', ...KEYS }],
  ['a bucket by its binding', { uri: 'r2://account/photos?binding=PHOTOS', ...KEYS }],
  ['Backblaze B2', { uri: 'b2://photos?region=us-west-004', ...KEYS }],
  ['any other S3', { uri: 's3://photos?endpoint=https://s3.example.com', ...KEYS }],
  ['Google Cloud Storage by an HMAC key', { uri: 'gs://photos', ...KEYS }],
  ['and by an account', { uri: 'gs://photos', credentialsJson: serviceAccount() }],
  ['Azure by the account’s key', { uri: 'az://account/photos', accountKey: AZURE_KEY }],
] as const

const [[, store]] = SIGNED_HERE
const SMALL = { key: 'cats/ä.jpg', size: 1000, contentType: 'image/jpeg' }

describe('the front by itself', () => {
  it.each(SIGNED_HERE)('plans an upload to %s', async (_, place) => {
    const ask = await startFront(await prepared(variables(place)))
    const answer = await ask(SMALL)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      key: SMALL.key,
      request: { method: 'PUT', url: expect.stringContaining('https://') },
    })
  })

  it('plans a form, and refuses what a rule forbids', async () => {
    const ask = await startFront(await prepared(variables(store, { uploads: { maxSize: 2000 } })))
    const form = await ask({ key: 'cats/a.jpg', contentType: 'image/jpeg' })
    expect(await form.json()).toMatchObject({ method: 'form', staged: true })
    const refused = await ask({ ...SMALL, size: 3000 })
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({ status: 413 })
  })
})

it('its rows are those of everybody, but for what is said to people', async () => {
  const entry = fileURLToPath(import.meta.resolve('#shared/storage/compatibility.ts'))
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, format: 'esm', write: false },
    plugins: [rowsAsText()],
  })
  const text = Buffer.from(outputFiles[0]!.contents).toString('base64')
  const made = (await import(`data:text/javascript;base64,${text}`)) as { PROVIDERS: unknown }
  expect(made.PROVIDERS).toEqual(
    PROVIDERS.map(({ evidence: _e, unsure: _u, instead: _i, ...row }) => row),
  )
})

describe('the front hands on', () => {
  it.each([
    ['everything where nothing was checked ahead', (env: Record<string, string>) => env],
    [
      'everything where the configuration was edited since',
      async (env: Record<string, string>) => {
        const edited = { SKEIN_CONFIG: env['SKEIN_CONFIG']!.replace('eu-west-1', 'eu-west-2') }
        return { ...(await prepared(env)), ...edited }
      },
    ],
    [
      'everything where what was checked was edited',
      async (env: Record<string, string>) => {
        const checked = (await prepared(env))[CHECKED_VARIABLE]!
        return { ...env, [CHECKED_VARIABLE]: checked.replace('"minBytes":0', '"minBytes":9') }
      },
    ],
  ])('%s', async (_, envOf) => {
    const ask = await startFront(await envOf(variables(store)))
    expect(await (await ask(SMALL)).json()).toEqual({ behind: JSON.stringify(SMALL) })
  })

  it.each([
    ['an upload in parts', store, { ...SMALL, size: 2 ** 30 }],
    ['a plan for Azure without a key', 'az://account/photos', SMALL],
  ])('%s, with its body', async (_, place, asked) => {
    const ask = await startFront(await prepared(variables(place)))
    expect(await (await ask(asked)).json()).toEqual({ behind: JSON.stringify(asked) })
  })
})
