// The stores that a page uploads to: a bucket at each server, made fit for the page's origin by Skein's own
// setup and by nothing else, and a folder behind the local process, which needs none.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#shared/config/config.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import type { SetupStep } from '#shared/storage/setup-step.ts'
import { openSetup } from '#shared/storage/setup.ts'
import type { Store } from '#shared/storage/store.ts'
import { startServer } from '../../functions/node/server.ts'
import {
  describeAzurite,
  describeGcs,
  describeRadosgw,
  describeS3,
} from '../harness/descriptions.ts'
import type { Servers } from '../harness/servers.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { freshPlace } from '../suites/storage/harness.ts'
import type { StoreEntry } from '../uppy/running-skein.ts'
import { SIGNING_SECRET, entryOf } from '../uppy/running-skein.ts'

export interface FittedStore {
  name: string
  store: Store
  /** How a configuration writes it. */
  entry: StoreEntry
  /** Plans CORS for the origin, and carries it out; absent where every page may come. */
  fit?: (origin: string) => Promise<SetupStep[]>
  close(): Promise<void>
}

export interface MissingStore {
  name: string
  missing: string
}

export async function openStores(servers: Servers): Promise<(FittedStore | MissingStore)[]> {
  const s3 = { name: 's3', row: 's3', parameters: { region: 'us-east-1' } }
  const radosgw = await describeRadosgw(servers)
  return [
    openBucket(await describeS3(servers, s3)),
    openBucket(await describeGcs(servers)),
    openBucket(await describeAzurite(servers)),
    typeof radosgw === 'string' ? { name: 'ceph', missing: radosgw } : openBucket(radosgw),
    await openServedFolder(),
  ]
}

const PLATFORM = { env: {}, fileSystem: true, now: Date.now }

function openBucket(description: StoreDescription): FittedStore {
  const { name, row, options } = description
  const place = freshPlace()
  const uri = description.uri.replace('{place}', place)
  const all = { name, ...options }
  const rows = row === undefined ? PROVIDERS : PROVIDERS.filter(({ id }) => id === row)
  const store = openStore(uri, PLATFORM, all, rows)
  const setup = openSetup(uri, PLATFORM, all, { rows })
  return {
    name,
    store,
    entry: entryOf(description, place),
    async fit(origin) {
      const steps = await setup.plan({ cors: { origins: [origin] } })
      for (const step of steps) await step.apply?.()
      return steps
    },
    async close() {
      await setup.close()
      await store.close()
    },
  }
}

async function openServedFolder(): Promise<FittedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-browser-'))
  const signingSecret = SIGNING_SECRET
  const platform = { ...PLATFORM, env: { SKEIN_SIGNING_SECRET: signingSecret } }
  const uri = `file:${folder}`
  const config = readConfig({ stores: { folder: uri } }, 'by this test', platform)
  const server = await startServer(config, platform, 0)
  const credentials = { signingSecret, publicUrl: server.url }
  const store = openStore(uri, platform, { name: 'folder', credentials })
  return {
    name: 'folder',
    store,
    entry: uri,
    async close() {
      await store.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
