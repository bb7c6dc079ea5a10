// The consumers of a measurement, each an instance of the function, and what they tell.

import { readFile } from 'node:fs/promises'
import type { Consumer } from '../../servers/sqs/consumers.ts'
import { startConsumer } from '../../servers/sqs/consumers.ts'
import { cpuSeconds } from '../cpu.ts'
import type { Stage } from './stage.ts'

export interface Crew {
  /** Resolves when so many tasks more are done; gives how late each was, in milliseconds since its change. */
  done(count: number): Promise<number[]>
  cpuSeconds(): Promise<number>
  /** Of the instance that took most. */
  peakMiB(): Promise<number>
  stop(): Promise<void>
}

export async function startCrew(stage: Stage, size: number, batchSize: number): Promise<Crew> {
  let lags: number[] = []
  let wake = (): void => undefined
  const onDone = (bodies: readonly string[]): void => {
    const now = Date.now()
    lags.push(...bodies.map((body) => now - (JSON.parse(body) as { since: number }).since))
    wake()
  }
  const { module, env } = stage
  const crew: Consumer[] = await Promise.all(
    Array.from({ length: size }, () => startConsumer({ module, env, batchSize, onDone })),
  )
  return {
    done: (count) =>
      new Promise((resolve) => {
        wake = () => {
          if (lags.length < count) return
          resolve(lags)
          lags = []
          wake = () => undefined
        }
        wake()
      }),
    async cpuSeconds() {
      const all = await Promise.all(crew.map(({ pid }) => cpuSeconds(pid)))
      return all.reduce((sum, one) => sum + one, 0)
    },
    async peakMiB() {
      return Math.max(...(await Promise.all(crew.map(({ pid }) => peakMiB(pid)))))
    },
    async stop() {
      await Promise.all(crew.map((one) => one.stop()))
    },
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}
