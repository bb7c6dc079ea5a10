// The stores that the copies are between: for many small objects Ceph's radosgw, a production server; for large ones
// two of known content, which need so little of a core that they are not what is measured.

import { fileURLToPath } from 'node:url'
import { startProcess } from '../../servers/process.ts'
import { cpuSeconds } from '../cpu.ts'
import type { Counts } from './known-bodies.ts'

export interface KnownServer {
  url: string
  pids: readonly number[]
  counts(): Promise<Counts>
  /** What was copied here, and the counts. */
  forget(): Promise<void>
  stop(): Promise<void>
}

/** By `bucket/key`, the sizes of the objects that it has from the start; `parts` for what will be written. */
export async function startKnown(sizes: Readonly<Record<string, number>>): Promise<KnownServer> {
  const program = fileURLToPath(new URL('known-server.ts', import.meta.url))
  const args = Object.entries(sizes).map(([key, size]) => `${key}=${size}`)
  const { line, pid, stop } = await startProcess({
    command: process.execPath,
    args: [program, ...args],
    ready: /^\{/,
    startSeconds: 120,
  })
  const { url } = JSON.parse(line) as { url: string }
  const control = (method: string) => fetch(`${url}/__control`, { method })
  return {
    url,
    pids: [pid],
    counts: async () => (await (await control('GET')).json()) as Counts,
    forget: async () => void (await control('DELETE')),
    stop,
  }
}

/** Of a core, while the work was done. */
export async function coresOf<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ done: T; cores: number }> {
  const spent = async () => {
    const each = await Promise.all(pids.map((pid) => cpuSeconds(pid)))
    return each.reduce((sum, one) => sum + one, 0)
  }
  const before = await spent()
  const started = performance.now()
  const done = await work()
  const seconds = (performance.now() - started) / 1000
  return { done, cores: ((await spent()) - before) / seconds }
}

/** Above it, who copies is not what a time tells of. */
export const BUSY_CORES = 0.8
