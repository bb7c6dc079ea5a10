// Instances of the built consumer function, each a process of its own: started, listened to, killed, ended.

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SqsServer } from './server.ts'
import { SQS_REGION, sqsCredential } from './server.ts'

const PROGRAM = fileURLToPath(new URL('consumer.ts', import.meta.url))

export interface ConsumerOptions {
  /** The built `consumer.mjs`. */
  module: string
  /** With what the function's configuration is; the queue's part is added. */
  env: Readonly<Record<string, string>>
  batchSize: number
  onBegan?: (bodies: readonly string[], consumer: Consumer) => void
  onDone?: (bodies: readonly string[], consumer: Consumer) => void
  /** What it writes to its log. */
  onLog?: (line: string) => void
}

export interface Consumer {
  pid: number
  /** As nobody can guard against. Resolves when it is dead. */
  kill(): Promise<void>
  /** After the batch in hand. Fails where it had ended before. */
  stop(): Promise<void>
}

/** The queues that the function knows, by the names that serverless.yml gives them. */
export function queueEnvironment(sqs: SqsServer): Record<string, string> {
  return {
    AWS_REGION: SQS_REGION,
    AWS_ACCESS_KEY_ID: sqsCredential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sqsCredential.secretAccessKey,
    SKEIN_QUEUE_URL: sqs.urlOf('tasks'),
    SKEIN_SET_ASIDE_URL: sqs.urlOf('set-aside'),
  }
}

/** Resolves when it polls. */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { module, env, batchSize } = options
  const child = spawn(process.execPath, [PROGRAM, module, String(batchSize)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const consumer: Consumer = {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.stdin.end()
      const [code, signal] = await exited
      if (code !== 0) throw ended(code ?? signal, said)
    },
  }
  createInterface(child.stderr).on('line', (line) => {
    said.push(line)
    if (said.length > 20) said.shift()
    options.onLog?.(line)
  })
  await Promise.race([
    listen(child, options, consumer),
    exited.then(([code, signal]) => {
      throw ended(code ?? signal, said)
    }),
  ])
  return consumer
}

/** Resolves at the line that says it is ready. */
function listen(child: ChildProcess, options: ConsumerOptions, consumer: Consumer): Promise<void> {
  return new Promise((resolve) => {
    createInterface(child.stdout!).on('line', (line) => {
      if (line === 'ready') return resolve()
      // The last line of a process that was killed may be cut.
      if (!line.endsWith('}')) return undefined
      const told = JSON.parse(line) as { began?: string[]; done?: string[] }
      if (told.began) options.onBegan?.(told.began, consumer)
      if (told.done) options.onDone?.(told.done, consumer)
      return undefined
    })
  })
}

function ended(how: number | string | null, said: readonly string[]): Error {
  return new Error(`A consumer ended with ${how}: ${said.join('\n')}`)
}
