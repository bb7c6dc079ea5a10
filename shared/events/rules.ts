// Who may tell of what happened in a store, as a configuration writes it. A store of which nothing is written
// here takes no notification by HTTP from anybody; those that come through the suite's own queue need nothing here.

import * as z from '#shared/shape/shape.ts'
import { duration, toSeconds } from '#shared/storage/schema.ts'

export interface SnsRule {
  /** Anybody can have a topic, and Amazon signs for it. */
  topics: readonly string[]
  maxAgeSeconds: number
}

export interface PubSubRule {
  audience: string
  /** Anybody can have a token for any audience: this is who must have asked for it. */
  serviceAccount: string
}

export interface EntraRule {
  tenant: string
  audience: string
  /** Whose token it is: Event Grid's own. */
  application: string
}

export interface EventGridRule {
  secrets: readonly string[]
  entra: EntraRule | undefined
}

/** What one store takes; whatever is absent it refuses. */
export interface HookRule {
  sns: SnsRule | undefined
  pubsub: PubSubRule | undefined
  eventGrid: EventGridRule | undefined
  /** Secrets of which the first and the second both hold, while one takes the other's place. */
  b2: { secrets: readonly string[] } | undefined
  bearer: { secrets: readonly string[] } | undefined
  /** Nobody tells of it, so it is looked at by schedule. */
  scan: boolean
}

/** Event Grid's application in the public cloud. https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery */
const EVENT_GRID = '4962773b-9cdb-44cf-a8bf-237846a00ab7'
/** Amazon tries an endpoint for an hour; what comes later is a replay. */
const SNS_MAX_AGE_SECONDS = 7200

const text = z.string().check(z.minLength(1))
const ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/
const topic = z.string().check(z.regex(ARN, 'the ARN of an SNS topic'))
/** As a header, or an address, can carry it. */
const secret = z
  .string()
  .check(z.regex(/^[!-~]{32,}$/, 'at least 32 characters without spaces, kept secret'))
const secrets = z.array(secret).check(z.minLength(1), z.maxLength(2))

const eventGridFields = z.strictObject({
  secrets: z.optional(secrets),
  entra: z.optional(
    z.strictObject({ tenant: text, audience: text, application: z.optional(text) }),
  ),
})

const eventGrid = eventGridFields.check(
  z.refine(
    ({ secrets: shared, entra }) => shared !== undefined || entra !== undefined,
    'either `secrets`, one of which its address carries, or `entra`, whose token it brings',
  ),
)

export const hook = z.strictObject({
  sns: z.optional(
    z.strictObject({
      topics: z.array(topic).check(z.minLength(1)),
      maxAge: z.optional(duration),
    }),
  ),
  pubsub: z.optional(z.strictObject({ audience: text, serviceAccount: text })),
  eventGrid: z.optional(eventGrid),
  b2: z.optional(z.strictObject({ secrets })),
  bearer: z.optional(z.strictObject({ secrets })),
  scan: z.optional(z.boolean()),
})

export function hookRule({
  sns,
  pubsub,
  eventGrid: grid,
  b2,
  bearer,
  scan = false,
}: HookText): HookRule {
  return {
    sns: sns && {
      topics: sns.topics,
      maxAgeSeconds: toSeconds(sns.maxAge ?? SNS_MAX_AGE_SECONDS),
    },
    pubsub,
    eventGrid: grid && {
      secrets: grid.secrets ?? [],
      entra: grid.entra && { ...grid.entra, application: grid.entra.application ?? EVENT_GRID },
    },
    ...{ b2, bearer, scan },
  }
}

export type HookText = z.infer<typeof hook>
