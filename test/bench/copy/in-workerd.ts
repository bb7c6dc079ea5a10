// Two gibibytes through a Worker, in workerd itself: where both stores share a digest the bytes never enter JavaScript,
// and where they do not they are hashed on their way, one part after the other.

import { readFile } from 'node:fs/promises'
import { bundleProgram } from '../bundles.ts'
import { cpuSeconds } from '../cpu.ts'
import { workerdProgram } from '../processes.ts'
import type { Outcome, Result } from '../report.ts'
import { atMost, round } from '../report.ts'
import { startProcess } from '../../servers/process.ts'
import { peakMb } from './command.ts'
import type { CopyAsked } from './copy-worker.ts'
import { GiB, checkArrived } from './large.ts'
import type { Place } from './peers.ts'
import { KEYS, uriOf } from './peers.ts'
import type { KnownServer } from './servers.ts'

const BYTES = 2 * GiB

/** The processor time that each may take. */
const PAIRS = [
  { name: 'workerd.shared_digest', to: 'r2', cpuBound: 2 },
  { name: 'workerd.no_shared_digest', to: 'gcs', cpuBound: 6 },
] as const

export async function inWorkerd(
  { source, target }: Readonly<Record<'source' | 'target', KnownServer>>,
  folder: string,
  tell: (line: string) => void,
): Promise<Outcome> {
  const entry = await bundleProgram('workerd', 'copy/copy-worker.ts', folder)
  const program = await workerdProgram(folder, entry, {})
  const results: (Result & { cpu_s: number; peak_mb: number })[] = []
  for (const { name, to } of PAIRS) {
    tell(`2 GiB, ${name.replaceAll(/[._]/g, ' ')}`)
    const { line, pid, stop } = await startProcess({ ...program, ready: program.port })
    try {
      const port = program.port.exec(line)?.[1] ?? ''
      const started = performance.now()
      const evidence = await copy(port, source, { url: target.url, bucket: 'target', as: to })
      results.push({
        ...{ name: `large.${name}`, seconds: round((performance.now() - started) / 1000) },
        ...{ cpu_s: round(await cpuSeconds(pid)), peak_mb: round(await peakOf(pid)), evidence },
      })
      await checkArrived(target, BYTES, name)
    } finally {
      await stop()
    }
  }
  // Each has its own bound: what is told is the one that is nearer to it.
  const cpu = PAIRS.map(({ cpuBound }, i) => ({ value: results[i]!.cpu_s, cpuBound }))
  const worst = cpu.toSorted((a, b) => b.value / b.cpuBound - a.value / a.cpuBound)[0]!
  const peak = Math.max(...results.map((result) => result.peak_mb))
  return {
    checks: [
      atMost('large.workerd_rss_mb', peak, 128),
      atMost('large.workerd_cpu_s', worst.value, worst.cpuBound),
    ],
    results,
  }
}

/** A shell watches over it. */
async function peakOf(shell: number): Promise<number> {
  const children = await readFile(`/proc/${shell}/task/${shell}/children`, 'utf8')
  const peaks = children.split(' ').filter(Boolean).map(Number).map(peakMb)
  return Math.max(...(await Promise.all(peaks)))
}

async function copy(port: string, source: KnownServer, to: Place): Promise<string> {
  const from: Place = { url: source.url, bucket: 'source-2g', as: 'r2' }
  const asked: CopyAsked = {
    ...{ from: uriOf(from), to: uriOf(to), key: 'object', size: BYTES },
    options: { credentials: KEYS },
    env: { STORAGE_EMULATOR_HOST: to.url },
  }
  const init = { method: 'POST', body: JSON.stringify(asked) }
  const answer = await fetch(`http://127.0.0.1:${port}/`, init)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`The Worker answered ${answer.status}: ${text}`)
  return (JSON.parse(text) as { evidence: string }).evidence
}
