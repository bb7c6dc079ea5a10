// The same driver in the Workers runtime: bytes in and out as they are, lengths declared, errors in kinds.

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GcsServer } from '../servers/gcs/server.ts'
import { startGcsServer } from '../servers/gcs/server.ts'

let server: GcsServer
let worker: Miniflare

beforeAll(async () => {
  server = await startGcsServer()
  await fetch(`${server.url}/__control/buckets`, {
    method: 'POST',
    body: '{"name":"bucket","minPartBytes":1}',
  })
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('gcs-worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    // A service account's key asks nothing of it.
    external: ['node:*', 'google-auth-library'],
  })
  worker = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: bundle.outputFiles[0]?.text ?? '' },
      { type: 'ESModule', path: 'google-auth-library', contents: 'export class GoogleAuth {}' },
    ],
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
    bindings: {
      ENDPOINT: server.url,
      GOOGLE_CREDENTIALS_JSON: JSON.stringify(server.serviceAccount),
    },
  })
  await worker.ready
})
afterAll(async () => {
  await worker.dispose()
  await server.close()
})

async function run(action: string, query: Record<string, string>, body?: Uint8Array) {
  const search = new URLSearchParams({ do: action, ...query })
  const init = body === undefined ? {} : { method: 'POST', body: Buffer.from(body) }
  const answer = await worker.dispatchFetch(`http://worker/?${search}`, init)
  if (answer.status !== 200) throw new Error(await answer.text())
  return answer
}

const bytes = gzipSync(Buffer.from('hello '.repeat(200_000)), { level: 0 })

it.each([
  ['sized', { size: String(bytes.length) }],
  ['unsized', {}],
])('a %s stream goes up and comes back as stored', async (key, size) => {
  const options = JSON.stringify({ contentEncoding: 'gzip', metadata: { name: 'Größe' } })
  await run('put', { key, options, ...size }, bytes)
  await expect(run('put', { key, ...size }, bytes)).rejects.toThrow(/"kind":"exists"/)
  const got = await run('get', { key })
  const info: unknown = JSON.parse(decodeURIComponent(got.headers.get('x-info') ?? ''))
  expect(info).toMatchObject({
    size: bytes.length,
    contentEncoding: 'gzip',
    metadata: { name: 'Größe' },
  })
  expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
})

it('a stream of another length than announced writes nothing', async () => {
  const given = { key: 'lie', size: String(bytes.length + 1) }
  await expect(run('put', given, bytes)).rejects.toThrow(/"kind":"invalid"/)
  await expect(run('get', { key: 'lie' })).rejects.toThrow(/"kind":"not-found"/)
})

it('parts, copies, listings, deletes and signatures work alike', async () => {
  await run(
    'parts',
    { key: 'a', size: '5', options: '{"contentType":"x/y"}' },
    Buffer.from('hello'),
  )
  expect(await (await run('copy', { key: 'a' })).json()).toMatchObject({
    key: 'a2',
    contentType: 'x/y',
  })
  const { url } = (await (await run('sign', { key: 'a2' })).json()) as { url: string }
  expect(await (await fetch(url)).text()).toBe('hello')
  expect(await (await run('delete', { key: 'a' })).json()).toEqual([{ key: 'a' }, { key: 'a2' }])
  await expect(run('get', { key: 'a' })).rejects.toThrow(/"kind":"not-found"/)
})
