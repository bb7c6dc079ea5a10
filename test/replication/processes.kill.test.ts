// Real processes on real servers: four instances of the built consumer on an SQS queue, killed at random while
// they copy to two other clouds. Whatever died when, in the end each replica holds what the primary holds.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import type { Store } from '#shared/storage/store.ts'
import { openSuite } from '#shared/suite.ts'
import {
  describeAzurite,
  describeGcs,
  describeRadosgw,
  describeS3,
} from '../harness/descriptions.ts'
import { seeded } from '../seeds.ts'
import type { Queue } from '../servers/sqs/queue.ts'
import { queueEnvironment } from '../servers/sqs/consumers.ts'
import { startSqsServer } from '../servers/sqs/server.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { buildAside } from '../targets/built.ts'
import { startFleet } from './fleet.ts'
import { createRandom } from './simulation/random.ts'
import { writeAll } from './writing.ts'

const SECRET = 'a secret of at least thirty-two characters'
const PLAN = { objects: 2000, large: { key: 'films/large.mp4', bytes: 64 * 2 ** 20 } }
const LONGEST_MILLISECONDS = 240_000
const VISIBILITY_SECONDS = 5
const SECOND_LOOK_MILLISECONDS = 900_000

vi.setConfig({ testTimeout: LONGEST_MILLISECONDS })

function storeEntry({ uri, options }: StoreDescription) {
  const { accessKeyId, secretAccessKey, accountKey, credentialsJson } = options?.credentials ?? {}
  const credentials = { accessKeyId, secretAccessKey, accountKey, credentialsJson }
  return { uri: uri.replaceAll('{place}', 'copies'), ...credentials }
}

/** Ceph's where it runs, and else the project's own S3. */
async function openWorkspace() {
  const servers = inject('servers')
  const ceph = await describeRadosgw(servers)
  const isCeph = typeof ceph !== 'string'
  const main = isCeph ? ceph : await describeS3(servers, { name: 'main' })
  const azure = await describeAzurite(servers)
  const gcs = await describeGcs(servers)
  const config = {
    stores: { main: storeEntry(main), azure: storeEntry(azure), gcs: storeEntry(gcs) },
    workspaces: { app: { primary: 'main', replicas: ['azure', 'gcs'] } },
    secrets: [SECRET],
  } as ConfigText
  return { config, eventSource: isCeph ? ('ceph:s3' as const) : ('aws:s3' as const) }
}

async function drained(queue: Queue, isLeft: (counts: ReturnType<Queue['counts']>) => boolean) {
  await vi.waitUntil(() => !isLeft(queue.counts()), { timeout: LONGEST_MILLISECONDS, interval: 50 })
}

test('consumers that are killed at random bring every change to every replica', async () => {
  const { folder } = await buildAside('aws')
  const { config: text, eventSource } = await openWorkspace()
  const sqs = await startSqsServer()
  onTestFinished(() => sqs.close())
  const clock = { ahead: 0 }
  const now = () => Date.now() + clock.ahead
  const aside = sqs.addQueue('set-aside', { now })
  const queue = sqs.addQueue('tasks', {
    ...{ now, visibilitySeconds: VISIBILITY_SECONDS },
    redrive: { to: aside, maxReceiveCount: 20 },
  })
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const config = readConfig(text, 'of this test', platform)
  const random = createRandom(seeded().seed)
  const fleet = await startFleet({
    module: join(folder, 'consumer.mjs'),
    env: { SKEIN_CONFIG: JSON.stringify(text), ...queueEnvironment(sqs) },
    ...{ batchSize: 10, size: 4, random, precious: { key: PLAN.large.key, deaths: 3 } },
  })
  onTestFinished(() => fleet.stop())

  const [main, ...replicas] = [...config.stores.keys()].map((name) =>
    openConfigured(config, name, platform),
  )
  const expected = await writeAll(
    {
      ...{ store: main!, replicas: replicas.map(({ name }) => name), workspace: 'app' },
      ...{ eventSource, random, send: (body) => void queue.send(body) },
    },
    PLAN,
  )
  await drained(queue, ({ visible, inFlight }) => visible + inFlight > 0)
  await fleet.spare()
  // What had begun before a deletion may have put the object back: that is what the second look is for.
  clock.ahead = SECOND_LOOK_MILLISECONDS
  await drained(queue, ({ visible, inFlight, delayed }) => visible + inFlight + delayed > 0)

  expect(fleet.deaths.all).toBeGreaterThanOrEqual(10)
  expect(fleet.deaths.precious).toBe(3)
  expect(aside.bodies()).toEqual([])
  for (const replica of replicas) {
    const different = await differences(replica, expected)
    expect({ replica: replica.name, different }).toEqual({ replica: replica.name, different: [] })
  }
  const status = await openSuite(config, platform).workspace('app')!.replication.status()
  expect(status).toMatchObject({
    ...{ problems: [], heldDeletes: 0, replicas: [{ lagSeconds: 0 }, { lagSeconds: 0 }] },
  })
})

const LANES = 16

/** Keys that the store should not have, lacks, or has with other bytes. */
async function differences(store: Store, expected: ReadonlyMap<string, string>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.listAll()) keys.push(key)
  const different = [...expected.keys()].filter((key) => !keys.includes(key))
  const waiting = [...keys]
  const lane = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      const hash = createHash('sha256')
      for await (const bytes of (await store.get(key)).body) hash.update(bytes)
      if (hash.digest('hex') !== expected.get(key)) different.push(key)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return different
}
