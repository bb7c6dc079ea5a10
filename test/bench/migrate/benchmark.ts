// A migration from S3 to Azure and to Cloud Storage, verified, beside what a person would do by hand.

import { join } from 'node:path'
import { buildTarget } from '../../../functions/build.ts'
import { inScratchFolder } from '../bundles.ts'
import { rcloneVersion } from '../copy/peers.ts'
import { BUSY_CORES, coresOf } from '../copy/servers.ts'
import type { Check, Outcome, Result } from '../report.ts'
import { atMost, median, round } from '../report.ts'
import { fill, sizesOf } from './objects.ts'
import type { Emulator } from './servers.ts'
import { startAzure, startGcs, startS3 } from './servers.ts'
import type { Moved, Side } from './sides.ts'
import { rclone, skein } from './sides.ts'

const OBJECTS = Number(process.env['SKEIN_BENCH_OBJECTS'] ?? 20_000)
const ROUNDS = 1
const RSS_MB = 192

const TARGETS = { azure: startAzure, gcs: startGcs }

type Run = Moved & { serverCores: number }
type Sides = Readonly<Record<string, Side>>

export async function migrate(tell: (line: string) => void): Promise<Outcome> {
  return inScratchFolder(async (folder) => {
    await buildTarget('node', join(folder, 'node'))
    const installed = await rcloneVersion()
    tell(installed ?? 'rclone is missing (apt-get install rclone): nothing to compare with')
    const sides: Sides = {
      skein: skein(join(folder, 'node/cli.mjs'), folder),
      ...(installed && { rclone }),
    }
    const source = await startS3()
    try {
      tell(`${OBJECTS} objects are written to the source`)
      await fill(source, sizesOf(OBJECTS))
      return await moveAll(source, sides, tell)
    } finally {
      await source.stop()
    }
  })
}

async function moveAll(
  source: Emulator,
  sides: Sides,
  tell: (line: string) => void,
): Promise<Outcome> {
  const checks: Check[] = []
  const results: Result[] = []
  const own: Run[] = []
  for (const [name, start] of Object.entries(TARGETS)) {
    const runs = await inTurns(source, start, sides, (line) => tell(`${name}: ${line}`))
    for (const [side, all] of runs) results.push(toRow(`${name}.${side}`, all))
    const [ours = [], others = []] = [runs.get('skein'), runs.get('rclone')]
    own.push(...ours)
    if (others.length > 0) {
      const ratios = ours.map(({ seconds }, at) => seconds / others[at]!.seconds)
      checks.push(atMost(`${name}.time_vs_rclone`, median(ratios), 1.1))
    }
    if (name === 'azure') {
      const requests = Math.max(...ours.map((run) => run.requests ?? Number.NaN))
      checks.push(atMost('azure.requests_per_object', requests / OBJECTS, 2.2))
    }
  }
  checks.push(atMost('rss_mb', Math.max(...own.map(({ peakMb }) => peakMb)), RSS_MB))
  return { checks, results }
}

/** One side after the other, each at a server of its own; whoever is first changes from round to round. */
async function inTurns(
  source: Emulator,
  start: () => Promise<Emulator>,
  sides: Sides,
  tell: (line: string) => void,
): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(Object.keys(sides).map((name) => [name, []]))
  for (let turn = 1; turn <= ROUNDS; turn++) {
    const order = Object.entries(sides)
    if (turn % 2 === 0) order.reverse()
    for (const [name, side] of order) {
      const target = await start()
      try {
        const toTarget = () => coresOf([target.pid], () => side(source, target))
        const { done, cores } = await coresOf([source.pid], toTarget)
        const serverCores = Math.max(cores, done.cores)
        runs.get(name)!.push({ ...done.done, serverCores })
        tell(`${name} took ${done.done.seconds.toFixed(1)} seconds`)
      } finally {
        await target.stop()
      }
    }
  }
  return runs
}

function toRow(name: string, runs: readonly Run[]): Result {
  const of = (field: 'seconds' | 'cpuSeconds' | 'serverCores') =>
    round(median(runs.map((run) => run[field])))
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
