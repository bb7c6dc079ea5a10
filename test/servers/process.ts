// A server as a child process: started, waited for by the line it prints when it is ready, and ended by
// its own process id, even when the tests are killed and cannot do it. Nothing else is ever killed.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  pid: number
  /** The line that said it was ready. */
  line: string
  stop: () => Promise<void>
}

interface Start {
  command: string
  args: readonly string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Tells the line that means ready. */
  ready: RegExp
  /** How long a start may take before it counts as failed. */
  startSeconds?: number
}

/** The server ends when its standard input does, which the system closes with whoever started it. */
const UNTIL_STDIN_ENDS = `
exec 3<&0
"$0" "$@" </dev/null 3<&- &
server=$!
(cat <&3; kill $server) >/dev/null 2>&1 &
exec 3<&-
wait $server
`

export async function startProcess(start: Start): Promise<ServerProcess> {
  const child = spawn('/bin/sh', ['-c', UNTIL_STDIN_ENDS, start.command, ...start.args], {
    cwd: start.cwd,
    env: { ...process.env, ...start.env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  GROUPS.add(child)
  child.once('exit', () => child.stdin.destroy())
  const line = await readyLine(child, start)
  return { pid: child.pid ?? 0, line, stop: () => ended(child, () => child.stdin.end()) }
}

function readyLine(child: ChildProcess, start: Start): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const told: string[] = []
  const seconds = start.startSeconds ?? 30
  const timer = setTimeout(() => {
    killGroup(child)
    fail(`was not ready after ${seconds} seconds`)
  }, seconds * 1000)
  const fail = (what: string): void => {
    clearTimeout(timer)
    const shown = told.slice(-5).join('\n')
    reject(new Error(`${start.command} ${start.args[0] ?? ''} ${what}: ${shown}`))
  }
  const read = (line: string): void => {
    if (start.ready.test(line)) {
      clearTimeout(timer)
      resolve(line)
    } else told.push(line)
  }
  if (child.stdout) createInterface(child.stdout).on('line', read)
  if (child.stderr) createInterface(child.stderr).on('line', read)
  child.once('error', (error) => fail(error.message))
  child.once('exit', (code) => fail(`ended with ${code}`))
  return promise
}

/** Ends a process that was started without a watch: gently, and by force when it takes too long. */
export function end(child: ChildProcess): Promise<void> {
  return ended(child, () => void child.kill('SIGTERM'))
}

function ended(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => killGroup(child), 8_000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    ask()
  })
}

/** With the shell goes the server that it watches: they share a process group of their own. */
function killGroup(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined || !GROUPS.has(child)) child.kill('SIGKILL')
  else process.kill(-pid, 'SIGKILL')
}

const GROUPS = new WeakSet<ChildProcess>()
