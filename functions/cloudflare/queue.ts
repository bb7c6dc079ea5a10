// The suite's queue on Cloudflare: bindings that send, and the batches that come. What is set aside is in the
// dead-letter queue, with its reason, before it is acknowledged.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/

import type { Skein } from '#shared/app.ts'
import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { queueOver, setAsideBody } from '#shared/jobs/queue.ts'
import type { Queue } from '#shared/platform.ts'

/** A binding of a queue, as a producer has it. */
export interface QueueBinding {
  send(body: string, options: { contentType: 'text' }): Promise<void>
  sendBatch(
    messages: readonly { body: string; contentType: 'text'; delaySeconds: number }[],
  ): Promise<void>
}

export interface ReceivedMessage {
  id: string
  body: unknown
  attempts: number
  ack(): void
  retry(options?: { delaySeconds: number }): void
}

/** A call takes 100 messages and 256 KB. */
const LIMITS = { messages: 100, bytes: 240_000 }

/** What could not be set aside comes again then. */
const KEPT_BACK_SECONDS = 60

export function bindingQueue(binding: QueueBinding): Queue {
  return queueOver(LIMITS, (bodies, delaySeconds) =>
    binding.sendBatch(bodies.map((body) => ({ body, contentType: 'text', delaySeconds }))),
  )
}

export async function consumeBatch(
  skein: Skein,
  received: readonly ReceivedMessage[],
  setAside: QueueBinding | undefined,
): Promise<void> {
  const messages = received.map(toMessage)
  const outcomes = await skein.consume(messages)
  const settling = received.map((one, i) => settle(one, messages[i]!.body, outcomes[i]!, setAside))
  await Promise.all(settling)
}

function toMessage({ id, body, attempts }: ReceivedMessage): Message {
  return { id, body: typeof body === 'string' ? body : JSON.stringify(body), attempt: attempts }
}

async function settle(
  message: ReceivedMessage,
  body: string,
  outcome: Outcome,
  setAside: QueueBinding | undefined,
): Promise<void> {
  if (outcome.result === 'retry') {
    return message.retry({ delaySeconds: Math.ceil(outcome.afterSeconds) })
  }
  if (outcome.result === 'set-aside') {
    // Without a binding it comes until the queue's own count sets it aside, without the reason.
    if (setAside === undefined) return message.retry()
    try {
      await setAside.send(setAsideBody(body, outcome.reason), { contentType: 'text' })
    } catch (error) {
      // Thrown, it would bring the others of the batch again as well.
      const { message: reason } = error as Error
      console.error(JSON.stringify({ level: 'error', task: message.id, error: reason }))
      return message.retry({ delaySeconds: KEPT_BACK_SECONDS })
    }
  }
  message.ack()
}
