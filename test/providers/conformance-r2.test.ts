// The storage contract, kept by the S3 driver against R2's S3 endpoint as Cloudflare's Miniflare plays it.
// The binding is proven in workerd, beside the other drivers.

import { afterAll } from 'vitest'
import { freshBucket } from '../harness/descriptions.ts'
import { startR2 } from '../servers/r2.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const server = await startR2(freshBucket())
afterAll(() => server.stop())

const { url, bucket, accessKeyId, secretAccessKey } = server

const query = new URLSearchParams({ endpoint: url }).toString()

// What R2 documents and Miniflare answers with 501, or takes without a look.
const NOT_IN_MINIFLARE = {
  put: { checksums: ['md5'] },
  presign: { checksums: ['md5'] },
  multipart: { listParts: false, listUploads: false },
  classes: [],
} as const

const GZIP = 'Miniflare unpacks and measures gzip on its way to the S3 endpoint'
const OVERRIDES = 'Miniflare ignores response-* parameters'

defineConformance({
  name: 'r2 by Miniflare',
  uri: `r2://account/${bucket}/{place}?${query}`,
  missingUri: `r2://account/${freshBucket()}/{place}?${query}`,
  options: { credentials: { accessKeyId, secretAccessKey }, capabilities: NOT_IN_MINIFLARE },
  wrongCredentials: { accessKeyId, secretAccessKey: 'WRONGSECRET00000000000000000000000000000' },
  expectedFailures: {
    'put: gzip stays gzip': GZIP,
    'copy: gzip bytes are copied as they are': GZIP,
    'multipart: parts of different sizes are refused':
      'Miniflare answers 500, and to the second try that there is no such upload',
    'signed get: answers with the headers asked for': OVERRIDES,
    'signed get: answers with the rarer headers, or refuses to sign them': OVERRIDES,
  },
})
