// What travels beside the bytes, and what cannot, each loss by its name; and copies of what a source tells oddly.

import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, inject, it } from 'vitest'
import { copyObject } from '#shared/copy/copy.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { bytesAt } from './opened.ts'
import { s3Store } from './stores.ts'

const servers = inject('servers')

function memory(options: StoreOptions = {}) {
  const platform = { env: {}, fileSystem: false, now: Date.now }
  return openStore(`memory:${crypto.randomUUID()}`, platform, { name: 'memory', ...options })
}

describe('losses', () => {
  it('names metadata for which there is no room, after what is Skein’s own', async () => {
    const from = memory()
    const to = memory({ capabilities: { metadata: { maxBytes: 40, maxPairs: 3 } } })
    await from.put('key', 'x', {
      metadata: { a: 'one', long: 'x'.repeat(40), b: 'two', c: 'three' },
    })
    const own = () => ({ skein_source: 'mark' })
    const { losses } = await copyObject({ from, to, key: 'key', mode: 'create', own })
    expect(losses.map(({ what }) => what)).toEqual(['metadata.long', 'metadata.c'])
    expect((await to.head('key')).metadata).toEqual({ a: 'one', b: 'two', skein_source: 'mark' })
  })

  it('names tags that are too many', async () => {
    const from = memory()
    const to = memory({ capabilities: { tags: { max: 1 } } })
    await from.put('key', 'x', { tags: { a: '1', b: '2' } })
    const { losses } = await copyObject({ from, to, key: 'key', mode: 'create' })
    expect(losses).toEqual([{ what: 'tags', reason: 'memory holds 1 tags on an object, not 2' }])
  })

  it('leaves a mark of Skein’s own behind', async () => {
    const [from, to] = [memory(), memory()]
    await from.put('key', 'x', { metadata: { skein_source: 'of another copy', a: 'b' } })
    await copyObject({ from, to, key: 'key', mode: 'create' })
    expect((await to.head('key')).metadata).toEqual({ a: 'b' })
  })
})

it('copies from a source that does not say how long its answer will be', async () => {
  const description = await s3Store(servers)
  const store = createHarness(description, { fetch }).open({ place: 'p' })
  const bytes = bytesOf(50_000)
  await store.put('key', bytes)
  // As some proxies do: what came with a length goes on in chunks.
  const { hostname, port: behind } = new URL(servers.s3.url)
  const server = createServer(({ method, url, headers }, outgoing) => {
    const passed = send({ hostname, port: behind, method, path: url, headers }, (answer) => {
      const { 'content-length': length, ...told } = answer.headers
      outgoing.writeHead(answer.statusCode ?? 0, method === 'HEAD' ? answer.headers : told)
      expect(length).toBe(String(bytes.length))
      answer.pipe(outgoing)
    })
    passed.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const uri = description.uri.replace(
    encodeURIComponent(servers.s3.url),
    encodeURIComponent(`http://127.0.0.1:${port}`),
  )
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const rows = PROVIDERS.filter(({ id }) => id === 's3')
  const from = openStore(uri.replace('{place}', 'p'), platform, description.options, rows)
  const to = memory()
  try {
    await copyObject({ from, to, key: 'key', mode: 'create' })
    sameBytes(await bytesAt(to, 'key'), bytes)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
