// What each side does to move everything and to know that it arrived: Skein a plan and its start, which verifies; who
// does it by hand, `rclone copy` and then `rclone check`. As many transfers on both.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Spent } from '../copy/command.ts'
import { runCommand } from '../copy/command.ts'
import type { Emulator } from './servers.ts'

export interface Moved extends Spent {
  /** Of Skein's own counting, at both ends. */
  requests?: number
}

export type Side = (from: Emulator, to: Emulator) => Promise<Moved>

const TRANSFERS = 16
/** The command line works on so many parts of a migration at once. */
const PARTS_AT_ONCE = 2

/** Keeps this machine's user and its proxies out of it. */
const ALONE = { NO_PROXY: '127.0.0.1', AWS_CA_BUNDLE: '' }

export function skein(cli: string, folder: string): Side {
  return async (from, to) => {
    const cwd = await mkdtemp(join(folder, 'run-'))
    const ends = { from, to }
    const stores = Object.fromEntries(
      Object.entries(ends).map(([name, { uri, credentials }]) => [name, { uri, ...credentials }]),
    )
    await writeFile(join(cwd, 'skein.yaml'), JSON.stringify({ stores }))
    const run = (...args: string[]) => {
      return runCommand({
        command: process.execPath,
        args: [cli, 'migrate', ...args],
        env: ALONE,
        cwd,
      })
    }
    const transfers = String(TRANSFERS / PARTS_AT_ONCE)
    const spent = [
      await run('plan', '--from', 'from', '--to', 'to', '--transfers', transfers, '--save', 'plan'),
      await run('start', 'plan', '--save', 'report'),
    ]
    const { report } = JSON.parse(await readFile(join(cwd, 'report'), 'utf8')) as SavedReport
    if (report.standing !== 'verified') throw new Error(`the migration is ${report.standing}`)
    await rm(cwd, { recursive: true, force: true })
    return { ...added(spent), requests: report.cost.requests }
  }
}

interface SavedReport {
  report: { standing: string; cost: { requests: number } }
}

export const rclone: Side = async (from, to) => {
  const env = { ...ALONE, RCLONE_CONFIG: '/dev/null', ...remote('FROM', from), ...remote('TO', to) }
  const places = [`from:${from.bucket}`, `to:${to.bucket}`]
  const own = ['--transfers', String(TRANSFERS), '--checkers', String(TRANSFERS)]
  const spent: Spent[] = []
  for (const what of ['copy', 'check']) {
    spent.push(await runCommand({ command: 'rclone', args: [what, ...places, ...own], env }))
  }
  return added(spent)
}

function remote(name: string, { remote: settings }: Emulator): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `RCLONE_CONFIG_${name}_${key.toUpperCase()}`,
      value,
    ]),
  )
}

/** One after the other. */
function added(all: readonly Spent[]): Spent {
  return {
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakMb: Math.max(...all.map(({ peakMb }) => peakMb)),
  }
}
