// The same copies inside workerd, the Workers runtime: every pair with an R2 binding that can meet there, and the
// clouds among each other, whose bytes pass by without entering JavaScript where nothing has to be hashed.

import { Miniflare } from 'miniflare'
import { afterAll, describe, expect, inject, it } from 'vitest'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { COMPATIBILITY_DATE, bundleWorker } from '../workerd/run-in-workerd.ts'
import { COPY_CASES } from './cases.ts'
import type { CopyRequest } from './copy-worker.ts'
import { azureStore, bindingStore, gcsStore, s3Store } from './stores.ts'

const servers = inject('servers')
const BUCKETS = ['SOURCE', 'DESTINATION']

const worker = new Miniflare({
  ...(await bundleWorker('test/copy/copy-worker.ts')),
  compatibilityDate: COMPATIBILITY_DATE,
  compatibilityFlags: ['nodejs_compat'],
  r2Buckets: BUCKETS,
  r2Persist: false,
  handleRuntimeStdio: () => undefined,
})
await worker.ready
afterAll(() => worker.dispose())

const stores = {
  s3: await s3Store(servers),
  gcs: await gcsStore(servers),
  azure: await azureStore(servers),
}

const r2 = { source: bindingStore('SOURCE'), destination: bindingStore('DESTINATION') }

interface NamedPair {
  a: string
  from: StoreDescription
  b: string
  to: StoreDescription
}

const CLOUDS = Object.entries(stores)
const PAIRS: NamedPair[] = [
  { a: 'r2', from: r2.source, b: 'r2', to: r2.destination },
  ...CLOUDS.flatMap(([name, store]) => [
    { a: name, from: store, b: 'r2', to: r2.destination },
    { a: 'r2', from: r2.source, b: name, to: store },
  ]),
  ...CLOUDS.flatMap(([a, from]) =>
    CLOUDS.filter(([b]) => a !== b).map(([b, to]) => ({ a, from, b, to })),
  ),
]

describe.each(PAIRS)('$a to $b in workerd', ({ from, to }) => {
  it.each(Object.keys(COPY_CASES))('%s', { timeout: 120_000 }, async (title) => {
    const body = JSON.stringify({ from, to, title } satisfies CopyRequest)
    const answer = await worker.dispatchFetch('http://copies/', { method: 'POST', body })
    expect(await answer.text()).toBe('')
  })
})
