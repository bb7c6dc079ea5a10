// What a copy that was killed half way sends again: 2 GiB, ended by SIGKILL when half of it has arrived, and run anew.
// Bytes are counted where they arrive.

import { join } from 'node:path'
import { buildTarget } from '../../../functions/build.ts'
import { inScratchFolder } from '../bundles.ts'
import { runCommand } from '../copy/command.ts'
import { GiB } from '../copy/large.ts'
import type { Peer, Place } from '../copy/peers.ts'
import { rclone, rcloneVersion, skein } from '../copy/peers.ts'
import type { KnownServer } from '../copy/servers.ts'
import { startKnown } from '../copy/servers.ts'
import type { Check, Outcome, Result } from '../report.ts'
import { atMost, round } from '../report.ts'

const BYTES = 2 * GiB
const MiB = 2 ** 20
/** What is in flight depends on the moment: the worst is told. */
const ROUNDS = 3

export async function resume(tell: (line: string) => void): Promise<Outcome> {
  return inScratchFolder(async (folder) => {
    await buildTarget('node', join(folder, 'node'))
    const [source, target] = await Promise.all([
      startKnown({ 'source/object': BYTES }),
      startKnown({ parts: BYTES }),
    ])
    const peers: Record<string, Peer> = {
      skein: skein(join(folder, 'node/cli.mjs')),
      ...((await rcloneVersion()) && { rclone }),
    }
    const results: Result[] = []
    try {
      for (const [name, peer] of Object.entries(peers)) {
        for (let n = 1; n <= ROUNDS; n++) {
          tell(`${name}: killed at half, and again, ${n} of ${ROUNDS}`)
          results.push({ name, ...(await killAndResume(peer, source, target)) })
        }
      }
    } finally {
      await Promise.all([source.stop(), target.stop()])
    }
    return { checks: Object.keys(peers).map((name) => toCheck(name, results)), results }
  })
}

async function killAndResume(peer: Peer, source: KnownServer, target: KnownServer) {
  const at = ({ url }: KnownServer, bucket: string): Place => ({ url, bucket, as: 'r2' })
  const command = peer(at(source, 'source'), at(target, 'target'))
  await target.forget()
  await runCommand(command, async () => (await target.counts()).receivedBytes >= BYTES / 2)
  const killedAt = (await target.counts()).receivedBytes
  if (killedAt >= BYTES) throw new Error('It was through before it could be killed.')
  await runCommand(command)
  const { receivedBytes, wrongBodies } = await target.counts()
  if (wrongBodies > 0) throw new Error(`${wrongBodies} bodies came wrong.`)
  const answer = await fetch(`${target.url}/target/object`, { method: 'HEAD' })
  const size = Number(answer.headers.get('content-length'))
  if (size !== BYTES) throw new Error(`The object has ${size} bytes in the end.`)
  return {
    killed_at_mib: round(killedAt / MiB),
    received_mib: round(receivedBytes / MiB),
    extra_mib: round((receivedBytes - BYTES) / MiB),
  }
}

/** rclone's is told for comparison, and held to nothing. */
function toCheck(peer: string, results: readonly Result[]): Check {
  const own = results.filter(({ name }) => name === peer)
  const extra = Math.max(...own.map((result) => Number(result['extra_mib'])))
  if (peer === 'skein') return atMost('extra_mib', extra, 32)
  return { name: 'rclone_extra_mib', value: extra, bound: 'none', holds: true }
}
