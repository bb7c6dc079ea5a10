// The two peers at the same work in turns, whoever is first changing from round to round, and what came of it.

import type { Result } from '../report.ts'
import { median, round } from '../report.ts'
import type { Spent } from './command.ts'
import { runCommand } from './command.ts'
import type { Peer, Place } from './peers.ts'
import { BUSY_CORES, coresOf } from './servers.ts'

export interface Race {
  name: string
  rounds: number
  peers: Readonly<Record<string, Peer>>
  from: Place
  /** A place of its own for each run. */
  to: (run: string) => Place
  /** Each by itself: one that has most of a core is a bound of its own. */
  servers: readonly (readonly number[])[]
  after?: (run: string) => Promise<void>
}

type Run = Spent & { serverCores: number }

export interface Raced {
  runs: Map<string, Run[]>
  rows: Result[]
  /** How many times as long, in the median of pairs. */
  timesAsLong(name: string, other: string): number
  peakMb(name: string): number
}

export async function race(given: Race): Promise<Raced> {
  const runs = new Map<string, Run[]>(Object.keys(given.peers).map((name) => [name, []]))
  for (let n = 1; n <= given.rounds; n++) {
    const inTurns = Object.entries(given.peers)
    if (n % 2 === 0) inTurns.reverse()
    for (const [name, peer] of inTurns) {
      runs.get(name)!.push(await runOnce(given, peer, `${given.name}-${name}-${n}`))
    }
  }
  return {
    runs,
    rows: [...runs].map(([name, all]) => toRow(`${given.name}.${name}`, all)),
    timesAsLong: (name, other) =>
      median(runs.get(name)!.map(({ seconds }, i) => seconds / runs.get(other)![i]!.seconds)),
    peakMb: (name) => Math.max(...runs.get(name)!.map(({ peakMb }) => peakMb)),
  }
}

async function runOnce({ from, to, servers, after }: Race, peer: Peer, run: string): Promise<Run> {
  const command = peer(from, to(run))
  let work: () => Promise<Spent & { serverCores: number }> = async () => ({
    ...(await runCommand(command)),
    serverCores: 0,
  })
  for (const pids of servers) {
    const inner = work
    work = async () => {
      const { done, cores } = await coresOf(pids, inner)
      return { ...done, serverCores: Math.max(done.serverCores, cores) }
    }
  }
  const spent = await work()
  await after?.(run)
  return spent
}

function toRow(name: string, runs: readonly Run[]): Result {
  const of = (field: keyof Run) => round(median(runs.map((run) => run[field])))
  const cores = of('serverCores')
  return {
    name,
    seconds: of('seconds'),
    cpu_s: of('cpuSeconds'),
    peak_mb: round(Math.max(...runs.map(({ peakMb }) => peakMb))),
    server_cores: cores,
    // A server that has most of a core is part of what was timed.
    ...(cores > BUSY_CORES && { time: 'inconclusive' }),
  }
}
