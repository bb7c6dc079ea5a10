// The storage contract, kept by the Google Cloud Storage driver: with a service account, with versions, and
// signing by HMAC keys.

import { inject } from 'vitest'
import { describeGcs } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const servers = inject('servers')

defineConformance({
  ...(await describeGcs(servers)),
  notHere: { versions: 'this bucket is not versioned; the versioned one is tested below' },
})

defineConformance({
  ...(await describeGcs(servers, { versioning: true, hmac: true })),
  name: 'gcs with versions and HMAC keys',
})
