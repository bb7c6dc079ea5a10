// A new S3-compatible provider is one row. This one was invented for the test: nothing in the source knows it.

import { expect, inject, test } from 'vitest'
import { withOverrides } from '#shared/storage/capabilities.ts'
import type { ProviderRow } from '#shared/storage/compatibility.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { matrixPage } from '#shared/storage/matrix.ts'
import { openStore } from '#shared/storage/open.ts'
import { describeS3 } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const servers = inject('servers')
const plain = PROVIDERS.find((row) => row.id === 's3-compatible')!

const ACME: ProviderRow = {
  id: 'acme',
  title: 'Acme Storage',
  scheme: 'acme',
  wire: 's3',
  example: 'acme://bucket?region=moon-1',
  endpoint: servers.s3.url,
  region: 'us-east-1',
  pathStyle: true,
  keyVariables: ['ACME_KEY_ID', 'ACME_KEY'],
  capabilities: withOverrides(plain.capabilities, { put: { create: true } }),
  evidence: 'assumed',
  instead: 'Nothing is done instead: it is invented.',
}

const { control, options } = await describeS3(servers, { name: 'the bucket of acme' })
const uri = `acme://${control.bucket}`

defineConformance({
  name: 'an invented provider',
  uri: `${uri}/{place}`,
  options: options!,
  rows: [ACME],
  control,
  notHere: { versions: 'its row claims none' },
})

test('its row stands in the matrix, and its keys come from its own variables', async () => {
  expect(matrixPage([...PROVIDERS, ACME])).toContain('| Acme Storage |')
  const { accessKeyId, secretAccessKey } = options!.credentials!
  const env = { ACME_KEY_ID: accessKeyId, ACME_KEY: secretAccessKey }
  const platform = { env, fileSystem: false, now: Date.now }
  const store = openStore(uri, platform, {}, [ACME])
  await store.put('by variables', 'ok')
  expect((await store.list()).objects.map(({ key }) => key)).toContain('by variables')
})
