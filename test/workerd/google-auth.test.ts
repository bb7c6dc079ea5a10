// What stands in for Google's own library in a Worker, in workerd: with a workload's identity, a person's, and
// either as a service account.

import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { expect, it, onTestFinished, vi } from 'vitest'
import { workerBundling } from '../../functions/cloudflare/bundling.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

vi.setConfig({ testTimeout: 30_000 })

const PRIVATE_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey

const WORKER = `
import { GoogleAuth } from 'google-auth-library'

export default {
  async fetch(request) {
    const auth = new GoogleAuth({ scopes: 'storage', credentials: await request.json() })
    try {
      const client = await auth.getClient()
      const tokens = [(await client.getAccessToken()).token, await auth.getAccessToken()]
      return Response.json({ tokens, email: (await auth.getCredentials()).client_email })
    } catch (error) {
      return Response.json({ error: String(error) })
    }
  },
}`

interface Asked {
  path: string
  authorization: string | undefined
  form: Record<string, string>
  json: unknown
}

/** A workload's own identity at /subject; all else is asked of `exchange`, which may refuse. */
async function startExchange(exchange: (asked: Asked) => [number, object]): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/subject') return void response.end('the subject')
    const { url: path = '', headers } = request
    const sent = await text(request)
    const isJson = headers['content-type']?.startsWith('application/json')
    const form = isJson ? {} : Object.fromEntries(new URLSearchParams(sent))
    const json: unknown = isJson ? JSON.parse(sent) : undefined
    const [status, body] = exchange({ path, authorization: headers.authorization, form, json })
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The answers to questions one after the other, of one Worker. */
async function askWorker(credentials: object): Promise<unknown> {
  const { outputFiles } = await build({
    ...workerBundling(root),
    stdin: { contents: WORKER, resolveDir: root },
    splitting: false,
    write: false,
  })
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0]!.text,
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
    handleRuntimeStdio: () => undefined,
  })
  onTestFinished(() => worker.dispose())
  const body = JSON.stringify(credentials)
  return (await worker.dispatchFetch('http://worker/', { method: 'POST', body })).json()
}

function workload(exchange: string): Record<string, unknown> {
  return {
    type: 'external_account',
    audience:
      '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${exchange}/token`,
    credential_source: { url: `${exchange}/subject` },
  }
}

function person(exchange: string): Record<string, unknown> {
  return {
    type: 'authorized_user',
    token_uri: `${exchange}/token`,
    ...{ client_id: 'an app', client_secret: 'its secret', refresh_token: 'once given' },
  }
}

const GRANTED = { access_token: 'granted', expires_in: 3600, token_type: 'Bearer' }

it('gets a token for a workload’s identity, once for as long as it lasts', async () => {
  const asked: Asked[] = []
  const exchange = await startExchange((one) => {
    asked.push(one)
    return [200, GRANTED]
  })
  expect(await askWorker(workload(exchange))).toEqual({ tokens: ['granted', 'granted'] })
  expect(asked).toMatchObject([{ form: { subject_token: 'the subject', scope: 'storage' } }])
})

it('gets a token for a person', async () => {
  const asked: Asked[] = []
  const exchange = await startExchange((one) => {
    asked.push(one)
    return [200, GRANTED]
  })
  expect(await askWorker(person(exchange))).toEqual({ tokens: ['granted', 'granted'] })
  const form = { grant_type: 'refresh_token', refresh_token: 'once given', client_id: 'an app' }
  expect(asked).toMatchObject([{ form }])
})

it.each(['a workload', 'a person', 'an account'])(
  'gets a token for a service account that %s stands in for',
  async (who) => {
    const asked: Asked[] = []
    const expireTime = new Date(Date.now() + 3_600_000).toISOString()
    const exchange = await startExchange((one) => {
      asked.push(one)
      const impersonated = one.path.endsWith(':generateAccessToken')
      return [200, impersonated ? { accessToken: 'the account’s', expireTime } : GRANTED]
    })
    const email = 'backup@project.iam.gserviceaccount.com'
    const url = `${exchange}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`
    const account = {
      type: 'service_account',
      token_uri: `${exchange}/token`,
      client_email: 'other@project.iam.gserviceaccount.com',
      private_key: PRIVATE_KEY,
    }
    const source = who === 'a person' ? person(exchange) : account
    const credentials = {
      ...(who === 'a workload'
        ? workload(exchange)
        : { type: 'impersonated_service_account', source_credentials: source }),
      service_account_impersonation_url: url,
    }
    const tokens = ['the account’s', 'the account’s']
    expect(await askWorker(credentials)).toEqual({ tokens, email })
    expect(asked[1]).toMatchObject({
      authorization: 'Bearer granted',
      json: { scope: ['storage'], lifetime: '3600s' },
    })
    expect(asked).toHaveLength(2)
  },
)

it('tells why there is none', async () => {
  const exchange = await startExchange(() => [
    403,
    { error: 'access_denied', error_description: 'not you' },
  ])
  expect(await askWorker(workload(exchange))).toEqual({
    error: expect.stringContaining('not you') as string,
  })
})

it.each([
  [{ type: 'external_account_authorized_user' }, 'external_account_authorized_user'],
  [{ ...person('http://localhost'), refresh_token: '' }, 'refresh_token'],
  [{ ...workload('http://localhost'), credential_source: { file: '/token' } }, 'url'],
])('refuses what a Worker cannot use: %j', async (credentials, named) => {
  expect(await askWorker(credentials)).toEqual({
    error: expect.stringContaining(named) as string,
  })
})
