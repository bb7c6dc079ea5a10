// Writes may fail over only where the ledger outlives the store that fails, and where a stand-in holds everything.

import { expect, test } from 'vitest'
import { readConfig } from '#shared/config/config.ts'
import { ConfigError } from '#shared/config/problems.ts'

const platform = { env: {}, fileSystem: true, now: Date.now }
const STORES = {
  ireland: 's3://photos?region=eu-west-1',
  irish: 's3://records?region=eu-west-1',
  virginia: 's3://copies?region=us-east-1',
  google: 'gs://copies',
  googles: 'gs://records',
  minio: 's3://first?endpoint=http://minio.internal:9000&region=one',
  same: 's3://second?endpoint=http://minio.internal:9000&region=two',
  spaces: { uri: 'spaces://copies?region=ams3', accessKeyId: 'a', secretAccessKey: 'b' },
  folder: 'file:./one',
  other: 'file:./two',
}

function problemsOf(
  ledger: string | undefined,
  [primary, ...replicas]: readonly string[],
  replication: object = {},
): string[] {
  const failover = { to: replicas.slice(0, 1) }
  const workspaces = { app: { primary, replicas, replication: { failover, ...replication } } }
  try {
    readConfig({ stores: STORES, workspaces, ...(ledger && { ledger }) }, 'a test', platform)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message)
    throw error
  }
}

test.each([
  ['virginia', ['ireland', 'google']],
  ['google', ['ireland', 'virginia']],
  ['other', ['ireland', 'virginia']],
  ['other', ['folder', 'ireland']],
])('a ledger in %s outlives %j', (ledger, stores) => {
  expect(problemsOf(ledger, stores)).toEqual([])
})

test.each([
  [
    'irish',
    ['ireland', 'google'],
    '"ireland", which is of the same provider and region (Amazon S3, eu-west-1)',
  ],
  ['irish', ['google', 'ireland'], 'would be lost with "ireland"'],
  ['googles', ['ireland', 'google'], 'would be lost with "google"'],
  ['same', ['minio', 'google'], 'would be lost with "minio"'],
  ['folder', ['folder', 'google'], 'would be lost with "folder"'],
  [undefined, ['ireland', 'google'], 'the ledger would be lost with "ireland"; name a store'],
])('a ledger in %s would not outlive %j', (ledger, stores, sentence) => {
  expect(problemsOf(ledger, stores)).toEqual([expect.stringContaining(sentence)])
})

test.each([[['spaces', 'google']], [['ireland', 'spaces']]])(
  'a late copy must find a condition in each of %j',
  (stores) => {
    const sentence = '"spaces" has no conditional writes'
    expect(problemsOf('virginia', stores)).toEqual([expect.stringContaining(sentence)])
  },
)

test.each([
  [{ mode: 'manual' }, 'copied to only when asked'],
  [{ deletes: 'delay' }, 'keeps what was deleted'],
  [{ deletes: 'keep' }, 'keeps what was deleted'],
  [{ only: { prefixes: ['a/'] } }, 'only some of the objects'],
  [{ only: { maxSize: '1GiB' } }, 'only some of the objects'],
  [{ failover: { to: ['folder'] } }, '"folder" is no replica of this workspace'],
])('a stand-in holds everything, which %j denies', (replication, sentence) => {
  const problems = problemsOf('virginia', ['ireland', 'google'], replication)
  expect(problems).toEqual([expect.stringContaining(sentence)])
})
