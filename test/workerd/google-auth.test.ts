// Google's own library in workerd, with a workload's identity: it fetches through our stand-in for
// `node-fetch`, where the original would hang.

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

const WORKER = `
import { GoogleAuth } from 'google-auth-library'

export default {
  async fetch(request) {
    const auth = new GoogleAuth({ scopes: 'storage', credentials: await request.json() })
    try {
      return Response.json({ token: await auth.getAccessToken() })
    } catch (error) {
      return Response.json({ error: String(error) })
    }
  },
}`

/** A workload's own identity at /subject, and the exchange for a token at /token, which may refuse. */
async function startExchange(
  exchange: (asked: URLSearchParams) => [number, object],
): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/subject') return void response.end('the subject')
    const [status, body] = exchange(new URLSearchParams(await text(request)))
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

async function askWorker(exchange: string): Promise<unknown> {
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
    // The library warns that a configuration should be from somebody trusted.
    handleRuntimeStdio: () => undefined,
  })
  onTestFinished(() => worker.dispose())
  const credentials = {
    type: 'external_account',
    audience:
      '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${exchange}/token`,
    credential_source: { url: `${exchange}/subject` },
  }
  const body = JSON.stringify(credentials)
  return (await worker.dispatchFetch('http://worker/', { method: 'POST', body })).json()
}

it('gets a token for a workload’s identity', async () => {
  const asked: Record<string, string>[] = []
  const exchange = await startExchange((form) => {
    asked.push(Object.fromEntries(form))
    return [200, { access_token: 'granted', expires_in: 3600, token_type: 'Bearer' }]
  })
  expect(await askWorker(exchange)).toEqual({ token: 'granted' })
  expect(asked).toMatchObject([{ subject_token: 'the subject', scope: 'storage' }])
})

it('tells why there is none', async () => {
  const exchange = await startExchange(() => [
    403,
    { error: 'access_denied', error_description: 'not you' },
  ])
  expect(await askWorker(exchange)).toEqual({
    error: expect.stringContaining('not you') as string,
  })
})
