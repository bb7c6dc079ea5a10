// A program from nothing to its first answer: started afresh, asked as soon as it says where it listens, and
// ended. The watch runs from the spawn to the last byte of the answer.

import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { end } from '../../servers/process.ts'
import { cpuSeconds } from '../cpu.ts'
import { ask } from '../load.ts'
import type { Program } from '../processes.ts'
import { PLAN_STATUS } from '../route.ts'

export interface FirstAnswer {
  milliseconds: number
  cpuMilliseconds: number
}

export async function firstAnswer(program: Program, request: string): Promise<FirstAnswer> {
  const started = performance.now()
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const port = await listening(child.stdout, program.port)
    const { status, body } = await ask(port, request)
    const milliseconds = performance.now() - started
    if (status !== PLAN_STATUS) throw new Error(`The first answer was ${status}: ${body}`)
    return { milliseconds, cpuMilliseconds: 1000 * (await cpuSeconds(child.pid ?? 0)) }
  } finally {
    await end(child)
  }
}

async function listening(stdout: Readable, port: RegExp): Promise<number> {
  let said = ''
  for await (const text of stdout) {
    said += String(text)
    const found = port.exec(said)?.[1]
    if (found !== undefined) return Number(found)
  }
  throw new Error(`It ended before it listened: ${said}`)
}
