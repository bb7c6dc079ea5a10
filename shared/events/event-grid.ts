// Whether Event Grid has sent something, and its two handshakes. It signs nothing: who it is is told by a secret
// in the address that it was given, by a token of Entra, or by both.
// https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
// https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection

import { createTokenVerifier } from './openid.ts'
import type { VerifyToken } from './openid.ts'
import type { Outside } from './outside.ts'
import type { EntraRule, EventGridRule } from './rules.ts'
import { at, textAt } from './json.ts'
import { bearerOf, isSecret } from './secret.ts'

const VALIDATION = 'Microsoft.EventGrid.SubscriptionValidationEvent'
/** The public cloud's, and those of governments and of China. */
const ORIGIN = /^eventgrid\.azure\.(net|us|cn)$/
const MAX_AGE_SECONDS = 86_400

export interface GridRequest {
  header: (name: string) => string | undefined
  /** What the address carries as `secret`. */
  secret: string | undefined
}

export type VerifyGrid = (request: GridRequest) => Promise<boolean>

export function createGridVerifier(
  { secrets, entra }: EventGridRule,
  outside: Outside,
): VerifyGrid {
  const verify = entra && createEntraVerifier(entra, outside)
  return async ({ header, secret }) => {
    if (secrets.length > 0 && !isSecret(secret, secrets)) return false
    if (!entra || !verify) return secrets.length > 0
    const token = bearerOf(header('authorization'))
    const claims = token === undefined ? undefined : await verify(token)
    // The two versions of Entra's tokens name the application that asked differently.
    const application = claims?.['azp'] ?? claims?.['appid']
    return application === entra.application
  }
}

function createEntraVerifier({ tenant, audience }: EntraRule, outside: Outside): VerifyToken {
  const place = encodeURIComponent(tenant)
  const terms = {
    issuers: [
      `https://login.microsoftonline.com/${place}/v2.0`,
      `https://sts.windows.net/${place}/`,
    ],
    jwks: `https://login.microsoftonline.com/${place}/discovery/v2.0/keys`,
    ...{ audience, maxAgeSeconds: MAX_AGE_SECONDS },
  }
  return createTokenVerifier(terms, outside)
}

/** The code that proves to Event Grid's own schema that somebody listens. It is never fetched, only told back. */
export function validationCodeOf(payload: unknown): string | undefined {
  const [event, ...others] = Array.isArray(payload) ? (payload as unknown[]) : []
  if (others.length > 0 || textAt(event, 'eventType') !== VALIDATION) return undefined
  return textAt(at(event, 'data'), 'validationCode')
}

/**
 * The headers that prove it to CloudEvents' schema; undefined for an origin that is not Event Grid's. Where no
 * secret stands in the address nothing is given away: a subscription that anybody makes brings no token of Entra.
 */
export function agreeToOrigin(
  rule: EventGridRule,
  { header, secret }: GridRequest,
): Record<string, string> | undefined {
  const origin = header('webhook-request-origin') ?? ''
  if (!ORIGIN.test(origin)) return undefined
  if (rule.secrets.length > 0 && !isSecret(secret, rule.secrets)) return undefined
  const rate = header('webhook-request-rate') ?? ''
  return {
    allow: 'POST',
    'webhook-allowed-origin': origin,
    ...(/^(\d{1,9}|\*)$/.test(rate) && { 'webhook-allowed-rate': rate }),
  }
}
