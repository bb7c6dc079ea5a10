// Standard Webhooks, as a sender signs them: HMAC-SHA256 over id, time and body, once for each secret, so that
// a receiver may replace his.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

export interface WebhookMessage {
  /** The same at every attempt, so that a receiver knows what he has had. */
  id: string
  /** Of this attempt, in seconds since the epoch. */
  timestamp: number
  body: string
}

/** Whether it is `whsec_` and 24 to 64 bytes in base64. */
export function isWebhookSecret(secret: string): boolean {
  if (!secret.startsWith(PREFIX)) return false
  const text = secret.slice(PREFIX.length)
  const bytes = Buffer.from(text, 'base64')
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return isBase64 && bytes.length >= MIN_SECRET_BYTES && bytes.length <= MAX_SECRET_BYTES
}

export function webhookHeaders(
  secrets: readonly string[],
  { id, timestamp, body }: WebhookMessage,
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
