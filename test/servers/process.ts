// A server as a child process: started, waited for by the line it prints when it is ready, and ended by
// its own process id. Nothing else is ever killed.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  pid: number
  /** The line that said it was ready. */
  line: string
  stop(): Promise<void>
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

export async function startProcess(start: Start): Promise<ServerProcess> {
  const child = spawn(start.command, start.args, {
    cwd: start.cwd,
    env: { ...process.env, ...start.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const line = await readyLine(child, start)
  return { pid: child.pid ?? 0, line, stop: () => end(child) }
}

function readyLine(child: ChildProcess, start: Start): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const told: string[] = []
  const seconds = start.startSeconds ?? 30
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
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

/** Ends it gently, and by force when it takes too long. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
