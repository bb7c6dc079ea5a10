// One store's door for notifications by HTTP: who is there is found out before anything is believed, from the
// raw bytes where they are signed. Without a rule for the provider there is no door.

import type { Reading } from './event.ts'
import { readAws } from './aws.ts'
import { readAzure } from './azure.ts'
import { isSignedByB2 } from './b2-signature.ts'
import { readB2 } from './b2.ts'
import { agreeToOrigin, createGridVerifier, validationCodeOf } from './event-grid.ts'
import { readGcs } from './gcs.ts'
import { createPushVerifier } from './google-oidc.ts'
import { parseJson } from './json.ts'
import type { Outside } from './outside.ts'
import type { HookRule } from './rules.ts'
import { bearerOf, isSecret } from './secret.ts'
import type { VerifySns } from './sns-signature.ts'
import { confirmSubscription, createSnsVerifier } from './sns-signature.ts'

export interface HookRequest {
  header: (name: string) => string | undefined
  /** What the address carries as `secret`. */
  secret: string | undefined
  /** As it came. */
  body: Uint8Array
  /** Of this delivery. */
  id: string
}

/** `refused`: whoever it is, it is not proven. `unreadable`: proven, and of no shape that the provider sends. */
export type HookResult =
  | { outcome: 'refused' }
  | { outcome: 'unreadable' }
  | { outcome: 'told'; readings: readonly Reading[] }
  /** A handshake; the provider wants this body. */
  | { outcome: 'answer'; body: object }

export interface Hook {
  receive(request: HookRequest): Promise<HookResult>
  /** The headers that agree to be sent to; undefined where nobody asks, or the wrong one. */
  agree?(request: Omit<HookRequest, 'body' | 'id'>): Record<string, string> | undefined
}

const REFUSED: HookResult = { outcome: 'refused' }

const HOOKS: Readonly<Record<string, (rule: HookRule, outside: Outside) => Hook | undefined>> = {
  s3: openS3,
  wasabi: openS3,
  minio: openS3,
  ceph: openS3,
  gcs: ({ pubsub }, outside) => pubsub && openGcs(createPushVerifier(pubsub, outside)),
  azure: openAzure,
  b2: ({ b2 }) => b2 && openB2(b2.secrets),
}

export const HOOK_PROVIDERS = Object.keys(HOOKS)

export function openHook(provider: string, rule: HookRule, outside: Outside): Hook | undefined {
  return Object.hasOwn(HOOKS, provider) ? HOOKS[provider]?.(rule, outside) : undefined
}

/** SNS signs what it sends; MinIO, Ceph, and EventBridge as an API destination, bring a bearer's secret. */
function openS3({ sns, bearer }: HookRule, outside: Outside): Hook | undefined {
  if (!sns && !bearer) return undefined
  const verify = sns && createSnsVerifier(sns, outside)
  return {
    async receive({ header, body, id }) {
      if (bearer && isSecret(bearerOf(header('authorization')), bearer.secrets)) {
        return told(body, (payload) => readAws(payload, id))
      }
      return verify ? receiveSns(verify, body, outside) : REFUSED
    },
  }
}

async function receiveSns(
  verify: VerifySns,
  body: Uint8Array,
  outside: Outside,
): Promise<HookResult> {
  const message = await verify(textOf(body))
  if (message === undefined) return REFUSED
  const { type, payload, confirmAt } = message
  if (type === 'Notification') return { outcome: 'told', readings: readAws(payload, '') }
  if (type === 'SubscriptionConfirmation' && confirmAt) {
    await confirmSubscription(confirmAt, outside.fetch)
  }
  return { outcome: 'told', readings: [] }
}

function openGcs(verify: (token: string | undefined) => Promise<boolean>): Hook {
  return {
    async receive({ header, body }) {
      if (!(await verify(bearerOf(header('authorization'))))) return REFUSED
      // Unwrapped and without a payload, all that is told stands in the headers.
      if (body.byteLength === 0) return { outcome: 'told', readings: [readGcs({}, header)] }
      return told(body, (payload) => [readGcs(payload, header)])
    },
  }
}

function openAzure({ eventGrid }: HookRule, outside: Outside): Hook | undefined {
  if (!eventGrid) return undefined
  const verify = createGridVerifier(eventGrid, outside)
  return {
    async receive({ header, secret, body }) {
      if (!(await verify({ header, secret }))) return REFUSED
      const validationResponse = validationCodeOf(parseJson(textOf(body)))
      if (validationResponse !== undefined) {
        return { outcome: 'answer', body: { validationResponse } }
      }
      return told(body, readAzure)
    },
    agree: (request) => agreeToOrigin(eventGrid, request),
  }
}

function openB2(secrets: readonly string[]): Hook {
  return {
    async receive({ header, body }) {
      const signature = header('x-bz-event-notification-signature')
      return isSignedByB2(body, signature, secrets) ? told(body, readB2) : REFUSED
    },
  }
}

function told(body: Uint8Array, read: (payload: unknown) => readonly Reading[]): HookResult {
  const payload = parseJson(textOf(body))
  if (typeof payload !== 'object' || payload === null) return { outcome: 'unreadable' }
  return { outcome: 'told', readings: read(payload) }
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body)
}
