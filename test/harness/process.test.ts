// Servers as child processes: waited for, told of when they fail, and really ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it, vi } from 'vitest'
import { startProcess } from '../servers/process.ts'

const node = (script: string) => ({
  command: process.execPath,
  args: ['-e', script],
  ready: /^ready/,
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const SERVER = `console.log('starting'); console.log('ready ' + process.pid); setInterval(() => {}, 1000)`

const pidIn = (line: string): number => Number(line.split(' ')[1])

it('gives the line that says ready, and ends the process', async () => {
  const started = await startProcess(node(SERVER))
  const pid = pidIn(started.line)
  expect(isAlive(pid)).toBe(true)
  await started.stop()
  expect(isAlive(pid)).toBe(false)
  await started.stop()
})

it('ends the server when whoever started it is killed', async () => {
  const starter = `
    import { startProcess } from ${JSON.stringify(new URL('../servers/process.ts', import.meta.url).href)}
    const start = ${JSON.stringify({ command: process.execPath, args: ['-e', SERVER] })}
    console.log((await startProcess({ ...start, ready: /^ready/ })).line)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', starter])
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  expect(isAlive(pidIn(line))).toBe(true)
  child.kill('SIGKILL')
  await vi.waitUntil(() => !isAlive(pidIn(line)), { timeout: 20_000 })
})

it('says why a server did not start', async () => {
  const starting = startProcess(node(`console.error('the port is taken'); process.exit(3)`))
  await expect(starting).rejects.toThrow(/ended with 3.*the port is taken/s)
})

it('says that a program is not there', async () => {
  const starting = startProcess({ command: '/no/such/program', args: [], ready: /^ready/ })
  await expect(starting).rejects.toThrow(/not found/)
})
