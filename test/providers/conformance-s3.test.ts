// The storage contract, kept by the S3 driver: on Amazon's own dialect, without and with versions.

import { inject } from 'vitest'
import { describeS3 } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const servers = inject('servers')
const amazon = { row: 's3', parameters: { region: 'us-east-1' } }

const UNVERSIONED = 'this bucket is not versioned; the versioned one is tested below'

defineConformance({
  ...(await describeS3(servers, { name: 's3', ...amazon })),
  notHere: { versions: UNVERSIONED, retention: UNVERSIONED },
})

defineConformance(
  await describeS3(servers, {
    name: 's3 with versions',
    ...amazon,
    versioning: 'Enabled',
    objectLock: true,
  }),
)
