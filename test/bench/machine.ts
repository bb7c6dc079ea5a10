// On what a figure was measured: without it a figure says nothing.

import { readFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  /** Of the last minute, before the benchmark began: what else was running. */
  load: number
  node: string
  workerd: string
}

export async function benchMachine(): Promise<Machine> {
  const all = cpus()
  const workerd: unknown = JSON.parse(
    await readFile(new URL('../../node_modules/workerd/package.json', import.meta.url), 'utf8'),
  )
  const version = typeof workerd === 'object' && workerd && 'version' in workerd && workerd.version
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    node: process.versions.node,
    workerd: typeof version === 'string' ? version : 'unknown',
  }
}
