// One large object, between stores that share a digest, where nothing has to be hashed here, and between two that do
// not. The destination compares every byte with what the source has, so both peers' copies are known to be right.

import type { Check, Outcome, Result } from '../report.ts'
import { atMost } from '../report.ts'
import type { Peer, Place } from './peers.ts'
import { race } from './race.ts'
import type { KnownServer } from './servers.ts'

export const GiB = 2 ** 30
const ROUNDS = 3

/** Of the same wire, so that rclone can do the same. */
const PAIRS = [
  { name: 'shared_digest', from: 'r2', to: 'r2' },
  { name: 'no_shared_digest', from: 'r2', to: 'b2' },
] as const

type Peers = Readonly<Record<string, Peer>>
type Ends = Readonly<Record<'source' | 'target', KnownServer>>

export async function large(
  peers: Peers,
  { source, target }: Ends,
  tell: (line: string) => void,
): Promise<Outcome> {
  const results: Result[] = []
  const times: number[] = []
  const peaks = { 2: 0, 8: 0 }
  for (const { name, from, to } of PAIRS) {
    for (const [size, rounds] of [
      [2, ROUNDS],
      [8, 1],
    ] as const) {
      tell(`${size} GiB, ${name.replaceAll('_', ' ')}`)
      const at = (url: string, bucket: string, as: Place['as']): Place => ({ url, bucket, as })
      const raced = await race({
        name: `large.${name}.${size}g`,
        rounds,
        peers,
        from: at(source.url, `source-${size}g`, from),
        to: (run) => at(target.url, run.replaceAll(/[._]/g, '-'), to),
        servers: [source.pids, target.pids],
        after: (run) => checkArrived(target, size * GiB, run),
      })
      results.push(...raced.rows)
      peaks[size] = Math.max(peaks[size], raced.peakMb('skein'))
      if (peers['rclone'] && size === 2) times.push(raced.timesAsLong('skein', 'rclone'))
    }
  }
  const checks: Check[] = [
    ...(times.length > 0 ? [atMost('large.time_vs_rclone', Math.max(...times), 1.1)] : []),
    atMost('large.rss_mb_2g', peaks[2], 192),
    atMost('large.rss_mb_8g', peaks[8], 192),
  ]
  return { checks, results }
}

/** A copy that was not made, or not rightly, is not worth timing. */
export async function checkArrived(target: KnownServer, size: number, what: string): Promise<void> {
  const { receivedBytes, wrongBodies } = await target.counts()
  await target.forget()
  if (wrongBodies === 0 && receivedBytes >= size) return
  throw new Error(
    `${what}: ${receivedBytes} of ${size} bytes arrived, ${wrongBodies} bodies wrong.`,
  )
}
