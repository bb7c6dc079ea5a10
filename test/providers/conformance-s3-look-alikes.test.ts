// The storage contract, kept by the S3 driver for each look-alike: the row that a user would pick, against
// the dialect that plays its provider.

import { inject } from 'vitest'
import type { S3Variant } from '../harness/descriptions.ts'
import { describeS3 } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const NOT_VERSIONED = {
  versions: 'this bucket is not versioned',
  retention: 'this bucket is not versioned',
}

const LOOK_ALIKES: S3Variant[] = [
  { name: 'r2', scheme: 'r2://account/', dialect: 'r2' },
  {
    name: 'b2',
    scheme: 'b2://',
    dialect: { like: 'b2', minPartBytes: 5_000_000 },
    parameters: { region: 'us-west-004' },
    objectLock: true,
  },
  {
    name: 'wasabi',
    scheme: 'wasabi://',
    dialect: { like: 'spaces', listV2Paging: true, tags: true },
    parameters: { region: 'us-east-1' },
  },
  { name: 'spaces', scheme: 'spaces://', dialect: 'spaces', parameters: { region: 'us-east-1' } },
  { name: 'minio', scheme: 'minio://' },
  { name: 's3-compatible', dialect: { like: 'spaces', listV2Paging: true } },
]

for (const variant of LOOK_ALIKES) {
  const description = await describeS3(inject('servers'), variant)
  defineConformance(variant.objectLock ? description : { ...description, notHere: NOT_VERSIONED })
}
