// What the outside is told of: one small task for each receiver, tried again by the queue with the same id
// until he takes it, signed anew each time. Redirects are not followed, and no answer is read.

import { createHash } from 'node:crypto'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { webhookHeaders } from '#shared/wire/standard-webhook.ts'
import type { ReplicationContext } from './context.ts'

const text = z.string().check(z.minLength(1))

export const webhookFields = z.object({
  workspace: text,
  /** Which receiver: by its address, since a configuration may move them about. */
  url: text,
  id: text,
  body: text,
})

export type WebhookFields = z.infer<typeof webhookFields>
export type WebhookTask = WebhookFields & { v: 1; kind: 'webhook' }

const ANSWER_MILLISECONDS = 20_000

/** `about` tells one occasion from another: told twice, it has the same id. */
export function webhookTasks(
  { name: workspace, rules, now }: ReplicationContext,
  type: string,
  about: string,
  data: object,
): WebhookTask[] {
  const body = JSON.stringify({ type, timestamp: new Date(now()).toISOString(), data })
  return rules.webhooks.map(({ url }) => {
    const hash = createHash('sha256').update(JSON.stringify([workspace, url, type, about]))
    const id = `msg_${hash.digest('base64url').slice(0, 27)}`
    return { v: 1, kind: 'webhook', workspace, url, id, body }
  })
}

/** Also of others that have receivers. */
export interface WebhookSender extends Pick<ReplicationContext, 'now' | 'fetch'> {
  rules: Pick<ReplicationContext['rules'], 'webhooks'>
}

export async function sendWebhook(
  { rules, now, fetch }: WebhookSender,
  { url, id, body }: WebhookFields,
): Promise<void> {
  const receiver = rules.webhooks.find((one) => one.url === url)
  // Taken out of the configuration since.
  if (receiver === undefined) return
  const timestamp = Math.floor(now() / 1000)
  const headers = webhookHeaders(receiver.secrets, { id, timestamp, body })
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS)
  const { host } = new URL(url)
  const answer = await fetch(url, {
    ...{ method: 'POST', body, redirect: 'manual', signal },
    headers: { ...headers, 'content-type': 'application/json' },
  }).catch((cause: unknown) => {
    throw new StorageError('unavailable', `The webhook at ${host} does not answer.`, { cause })
  })
  await answer.body?.cancel()
  if (answer.ok) return
  const { status } = answer
  const isOver = status === 410
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN)
  throw new StorageError('unavailable', `The webhook at ${host} answered ${status}.`, {
    status,
    ...(isOver && { retry: 'never' as const }),
    ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter }),
  })
}
