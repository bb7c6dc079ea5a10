// Lambda as a platform. Nothing goes on after an answer: the sandbox is frozen then.

import type { Platform } from '#shared/platform.ts'
import { sqsQueue } from './queue.ts'
import { createSqs } from './sqs.ts'

export const { SKEIN_QUEUE_URL: queueUrl, SKEIN_SET_ASIDE_URL: setAsideUrl } = process.env

export const sqs = createSqs(process.env)

export const platform: Platform = {
  env: process.env,
  fileSystem: false,
  now: Date.now,
  queue: queueUrl ? sqsQueue(sqs, queueUrl) : undefined,
  log: console.error,
}
