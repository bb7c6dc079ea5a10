// The servers of a run: which are started when, and what tests are told of them. What a run leaves out it
// says with a reason, and under SKEIN_REQUIRE=all leaving anything out is a failure.

import { fileURLToPath } from 'node:url'
import { startAzurite } from '../servers/azurite.ts'
import { startProcess } from '../servers/process.ts'
import { radosgwMissing, startRadosgw } from '../servers/radosgw.ts'

export interface KeyPair {
  accessKeyId: string
  secretAccessKey: string
}

/** What tests know of the run's servers: plain data, handed to every worker. */
export interface Servers {
  s3: { url: string } & KeyPair
  gcs: { url: string; serviceAccountJson: string; hmac: KeyPair }
  azurite: { url: string; account: string; accountKey: string }
  radosgw: ({ url: string } & KeyPair) | { missing: string }
}

export interface RunningServers {
  servers: Servers
  stop: () => Promise<void>
}

export async function startServers(env: NodeJS.ProcessEnv): Promise<RunningServers> {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(stops.splice(0).map((one) => one()))
  }
  const keep = async <T extends { stop: () => Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const started = await starting
    stops.push(() => started.stop())
    return started
  }
  const all = [
    keep(startS3()),
    keep(startGcs()),
    keep(startAzurite()),
    keep(startRados(env)),
  ] as const
  const settled = await Promise.allSettled(all)
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [s3, gcs, azurite, radosgw] = await Promise.all(all)
  return {
    servers: { s3: s3.told, gcs: gcs.told, azurite: told(azurite), radosgw: radosgw.told },
    stop,
  }
}

function told({ url, account, accountKey }: Servers['azurite']): Servers['azurite'] {
  return { url, account, accountKey }
}

async function startOwn(name: string) {
  const main = fileURLToPath(new URL(`../servers/${name}/main.ts`, import.meta.url))
  return startProcess({ command: process.execPath, args: [main, '--port', '0'], ready: /^\{/ })
}

/** The pair that the S3 server knows by default. */
const S3_KEYS = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}

async function startS3() {
  const { line, stop } = await startOwn('s3')
  const { url } = JSON.parse(line) as { url: string }
  return { told: { url, ...S3_KEYS }, stop }
}

interface GcsReady {
  url: string
  serviceAccount: Record<string, string>
  hmac: { accessId: string; secret: string }
}

async function startGcs() {
  const { line, stop } = await startOwn('gcs')
  const { url, serviceAccount, hmac } = JSON.parse(line) as GcsReady
  const keys = { accessKeyId: hmac.accessId, secretAccessKey: hmac.secret }
  return { told: { url, serviceAccountJson: JSON.stringify(serviceAccount), hmac: keys }, stop }
}

async function startRados(env: NodeJS.ProcessEnv) {
  const asked = env['SKEIN_SERVERS'] === 'all'
  const missing = asked ? radosgwMissing() : 'it is started with SKEIN_SERVERS=all alone'
  if (missing === undefined) return startRadosgw()
  if (asked && env['SKEIN_REQUIRE'] === 'all')
    throw new Error(`Ceph's radosgw is required: ${missing}`)
  return { told: { missing }, stop: async () => undefined }
}
