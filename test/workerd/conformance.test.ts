// The same suite inside workerd, the Workers runtime: the cloud drivers over real sockets, and R2 through
// its binding. Each case is one request to a Worker that is built as the deployed one is.

import { afterAll, inject } from 'vitest'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { titleOf } from '../suites/storage/cases.ts'
import { defineConformance } from '../suites/storage/vitest.ts'
import { startSuiteWorker } from './run-in-workerd.ts'

const servers = inject('servers')
const BINDING = 'BUCKET'
const NOT_VERSIONED = 'this bucket is not versioned; others are'

const r2: StoreDescription = {
  name: 'r2 binding',
  uri: `r2://account/bucket/{place}?binding=${BINDING}`,
  // A binding signs nothing: URLs are for R2's own endpoint, where the S3 suite proves them.
  options: { credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' } },
  notHere: {
    'signed-requests': 'signed URLs lead to the S3 endpoint of R2, which is not on this machine',
    classes: 'Miniflare keeps no storage class',
  },
  expectedFailures: {
    'multipart: an upload that is not there is not found':
      'Miniflare answers the completion of an unknown upload with an internal error',
  },
}

const descriptions: StoreDescription[] = [
  {
    ...(await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } })),
    notHere: { versions: NOT_VERSIONED, retention: NOT_VERSIONED },
  },
  { ...(await describeGcs(servers)), notHere: { versions: NOT_VERSIONED } },
  await describeAzurite(servers),
  r2,
]

const worker = await startSuiteWorker([BINDING])
afterAll(() => worker.stop())

for (const description of descriptions) {
  defineConformance({ ...description, name: `${description.name} in workerd` }, (one) =>
    worker.run(description, titleOf(one)),
  )
}
