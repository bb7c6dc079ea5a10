// Many small objects, new ones and unchanged ones: timed at radosgw, and counted, request by request, at the server of
// known content.

import type { Store } from '#shared/storage/store.ts'
import { openStore } from '#shared/storage/open.ts'
import type { RadosgwServer } from '../../servers/radosgw.ts'
import { startRadosgw } from '../../servers/radosgw.ts'
import type { Check, Outcome, Result } from '../report.ts'
import { atMost, round } from '../report.ts'
import { runCommand } from './command.ts'
import type { Peer, Place } from './peers.ts'
import { KEYS, uriOf } from './peers.ts'
import { race } from './race.ts'
import { startKnown } from './servers.ts'

const OBJECTS = 5000
const BYTES = 16 * 1024
const PAIRS = 7

type Peers = Readonly<Record<string, Peer>>

export async function small(peers: Peers, tell: (line: string) => void): Promise<Outcome> {
  const counted = await countRequests(peers)
  const radosgw = await startRadosgw()
  try {
    tell(`${OBJECTS} objects of ${BYTES} bytes, ${PAIRS} rounds`)
    const timed = await timeThem(peers, radosgw)
    return {
      checks: [...counted.checks, ...timed.checks],
      results: [...counted.results, ...timed.results],
    }
  } finally {
    await radosgw.stop()
  }
}

async function timeThem(peers: Peers, { told, pids }: RadosgwServer): Promise<Outcome> {
  const { url } = told
  const place = (bucket: string, prefix: string): Place => ({ url, bucket, prefix })
  for (const bucket of ['source', 'target']) await makeBucket(place(bucket, ''))
  for (const [prefix, count] of [
    ['warm', 500],
    ['new', OBJECTS],
  ] as const) {
    await fill(place('source', prefix), count)
  }
  const common = { peers, servers: [pids] }
  const warm = (run: string) => place('target', run)
  await race({ ...common, name: 'warm', rounds: 1, from: place('source', 'warm'), to: warm })
  const from = place('source', 'new')
  const fresh = await race({ ...common, name: 'new', rounds: PAIRS, from, to: warm })
  const last = (run: string) => warm(run.replace('unchanged', 'new').replace(/\d+$/, '1'))
  const again = await race({ ...common, name: 'unchanged', rounds: 1, from, to: last })
  const named = (rows: readonly Result[]) =>
    rows.map(({ name, ...row }) => ({ name: `small.${name}`, ...row }))
  return {
    checks: peers['rclone']
      ? [atMost('small.time_vs_rclone', fresh.timesAsLong('skein', 'rclone'), 1.1)]
      : [],
    results: [...named(fresh.rows), ...named(again.rows)],
  }
}

/** Of objects; lists and Skein's own records are told beside them. */
async function countRequests(peers: Peers): Promise<Outcome> {
  const names = Array.from({ length: OBJECTS }, (_, n) => `source/${String(n).padStart(5, '0')}`)
  const source = await startKnown(Object.fromEntries(names.map((name) => [name, BYTES])))
  const target = await startKnown({})
  const results: Result[] = []
  const checks: Check[] = []
  try {
    for (const [name, peer] of Object.entries(peers)) {
      for (const what of ['new', 'unchanged'] as const) {
        const told = await countOnce(peer, [source, target], name)
        results.push({ name: `small.requests.${what}.${name}`, ...told })
        if (name !== 'skein') continue
        const check = what === 'new' ? 'small' : 'unchanged'
        const bound = what === 'new' ? 2 : 0
        checks.push(atMost(`${check}.requests_per_object`, told.requests_per_object, bound))
      }
    }
    return { checks, results }
  } finally {
    await Promise.all([source.stop(), target.stop()])
  }
}

async function countOnce(
  peer: Peer,
  servers: readonly Awaited<ReturnType<typeof startKnown>>[],
  bucket: string,
) {
  const [source, target] = servers
  const total = { objects: 0, records: 0, lists: 0 }
  const add = async (sign: 1 | -1) => {
    for (const server of servers) {
      const { requests } = await server.counts()
      for (const what of Object.keys(total) as (keyof typeof total)[])
        total[what] += sign * requests[what]
    }
  }
  await add(-1)
  await runCommand(
    peer({ url: source!.url, bucket: 'source' }, { url: target!.url, bucket: `to-${bucket}` }),
  )
  await add(1)
  const { objects, records, lists } = total
  return { requests_per_object: round(objects / OBJECTS), lists, records }
}

function open(place: Place): Store {
  const platform = { env: {}, fileSystem: false, now: Date.now }
  return openStore(uriOf(place), platform, { credentials: KEYS })
}

async function fill(place: Place, count: number): Promise<void> {
  const store = open(place)
  const bytes = new Uint8Array(BYTES)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      new DataView(bytes.buffer).setUint32(0, n)
      await store.put(String(n).padStart(5, '0'), bytes.slice(), { contentType: 'image/jpeg' })
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}

async function makeBucket(place: Place): Promise<void> {
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    ...{ endpoint: place.url, region: 'us-east-1', forcePathStyle: true },
    credentials: KEYS,
  })
  await client.send(new CreateBucketCommand({ Bucket: place.bucket }))
  client.destroy()
}
