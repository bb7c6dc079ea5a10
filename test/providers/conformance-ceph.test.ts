// The storage contract, kept by the S3 driver against Ceph's radosgw: a production server, and none of ours.

import { inject, it } from 'vitest'
import { describeRadosgw } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const described = await describeRadosgw(inject('servers'))

if (typeof described === 'string')
  it.skip(`ceph keeps the storage contract (${described})`, () => undefined)
else defineConformance(described)
