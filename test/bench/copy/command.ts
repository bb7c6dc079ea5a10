// One command from its start to its end: how long it took, what processor time it had, and the most memory that it
// held, as the kernel keeps these.

import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

export interface Command {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd?: string | undefined
}

export interface Spent {
  seconds: number
  cpuSeconds: number
  peakMb: number
}

/** The kernel keeps the highest, so that only what a process takes in its last moment can be missed. */
const LOOK_MILLISECONDS = 20

/** Throws with what it said where it does not end well, unless `ends` is told to end it before. */
export async function runCommand(
  { command, args, env, cwd }: Command,
  killWhen?: () => Promise<boolean>,
): Promise<Spent> {
  const started = performance.now()
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
    })
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const spent: Spent = { seconds: 0, cpuSeconds: 0, peakMb: 0 }
  const over = ended.then(() => true)
  let killed = false
  while (!(await Promise.race([over, wait(LOOK_MILLISECONDS, false)]))) {
    Object.assign(spent, await look(child.pid ?? 0, spent))
    if (killed || !(await killWhen?.())) continue
    killed = child.kill('SIGKILL')
  }
  const code = await ended
  spent.seconds = (performance.now() - started) / 1000
  if (code !== 0 && !killed) throw new Error(`${command} ended with ${code}: ${said}`)
  return spent
}

/** One that has just ended has nothing to show any more. */
async function look(pid: number, before: Spent): Promise<Partial<Spent>> {
  try {
    const peak = Math.max(before.peakMb, await peakMb(pid))
    return { cpuSeconds: await wholeCpuSeconds(pid), peakMb: peak }
  } catch {
    return before
  }
}

const TICKS_A_SECOND = 100

/** With the threads that have ended, of which a Go program has many; in hundredths of a second. */
async function wholeCpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // After the name, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

export async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}
