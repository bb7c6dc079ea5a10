// Where the fan-out is measured: two S3 servers as processes of their own that answer each request so many
// milliseconds late, a queue of SQS, and the built consumer function.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import { replicateTask } from '#shared/replication/task.ts'
import type { Store } from '#shared/storage/store.ts'
import { buildTarget } from '../../../functions/build.ts'
import { startProcess } from '../../servers/process.ts'
import { testCredential } from '../../servers/s3/server.ts'
import { queueEnvironment } from '../../servers/sqs/consumers.ts'
import type { Queue } from '../../servers/sqs/queue.ts'
import { startSqsServer } from '../../servers/sqs/server.ts'
import { cpuSeconds } from '../cpu.ts'

export const BUCKET = 'objects'
export const WORKSPACE = 'app'
const MAIN = fileURLToPath(new URL('../../servers/s3/main.ts', import.meta.url))

export interface End {
  store: Store
  cpuSeconds(): Promise<number>
  /** From here on; 0 for none. */
  answerLate(milliseconds: number): Promise<void>
  /** What it was asked since the last time. */
  takeRequests(): Promise<Requests>
}

export interface Requests {
  all: number
  /** Those that change something, which cost more and are allowed less often. */
  writes: number
}

export interface Stage {
  source: End
  replica: End
  queue: Queue
  /** As a configuration writes them. */
  stores: object
  /** The built consumer, and what a function of it is given. */
  module: string
  env: Record<string, string>
  /** As the completion of an upload would. */
  sendTask(key: string, size: number, since: number): void
  close(): Promise<void>
}

export async function openStage(folder: string): Promise<Stage> {
  const servers = await Promise.all(['source', 'replica'].map(startEnd))
  const [source, replica] = servers
  const sqs = await startSqsServer()
  const queue = sqs.addQueue('tasks', { visibilitySeconds: 900 })
  sqs.addQueue('set-aside')
  const stores = Object.fromEntries(servers.map(({ name, entry }) => [name, entry]))
  const text = {
    stores,
    workspaces: { [WORKSPACE]: { primary: 'source', replicas: ['replica'] } },
    secrets: [randomBytes(32).toString('base64url')],
  } as ConfigText
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const config = readConfig(text, 'of this benchmark', platform)
  await buildTarget('aws', join(folder, 'aws'))
  const open = ({ end, name }: Started): End => ({
    ...end,
    store: openConfigured(config, name, platform),
  })
  return {
    ...{ source: open(source!), replica: open(replica!), queue, stores },
    module: join(folder, 'aws/consumer.mjs'),
    env: { SKEIN_CONFIG: JSON.stringify(text), ...queueEnvironment(sqs) },
    sendTask(key, size, since) {
      queue.send(
        JSON.stringify(replicateTask({ workspace: WORKSPACE, key, to: 'replica', since, size })),
      )
    },
    async close() {
      await Promise.all([sqs.close(), ...servers.map(({ stop }) => stop())])
    },
  }
}

interface Started {
  name: string
  entry: object
  end: Omit<End, 'store'>
  stop: () => Promise<void>
}

async function startEnd(name: string): Promise<Started> {
  const { line, pid, stop } = await startProcess({
    command: process.execPath,
    args: [MAIN, '--buckets', BUCKET],
    ready: /^\{/,
  })
  const { url } = JSON.parse(line) as { url: string }
  const plane = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return (await fetch(`${url}/__control/${path}`, { method, ...sent })).json()
  }
  const query = new URLSearchParams({ endpoint: url, path_style: 'true', region: 'us-east-1' })
  const { accessKeyId, secretAccessKey } = testCredential
  return {
    ...{ name, stop },
    entry: {
      ...{ uri: `s3://${BUCKET}?${query}`, accessKeyId, secretAccessKey },
      // What Amazon's own row says, and a server of no row does not.
      capabilities: { put: { create: true, match: true } },
    },
    end: {
      cpuSeconds: () => cpuSeconds(pid),
      async answerLate(delayMs) {
        await plane('DELETE', `faults?bucket=${BUCKET}`)
        const fault = { bucket: BUCKET, times: Number.MAX_SAFE_INTEGER, action: { delayMs } }
        if (delayMs > 0) await plane('POST', 'faults', [fault])
      },
      async takeRequests() {
        const { counts } = (await plane('GET', `requests?bucket=${BUCKET}`)) as {
          counts: Record<string, number>
        }
        await plane('DELETE', `requests?bucket=${BUCKET}`)
        return countRequests(counts)
      },
    },
  }
}

function countRequests(counts: Readonly<Record<string, number>>): Requests {
  const requests = { all: 0, writes: 0 }
  for (const [operation, count] of Object.entries(counts)) {
    requests.all += count
    if (!/^(Get|Head|List)/.test(operation)) requests.writes += count
  }
  return requests
}
