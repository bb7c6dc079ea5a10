// Whether Pub/Sub, or Eventarc, has pushed something: the token in its header is of Google, for this audience,
// and of the service account that the configuration names. Anybody can have one for any audience.
// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions

import { createTokenVerifier } from './openid.ts'
import type { Outside } from './outside.ts'
import type { PubSubRule } from './rules.ts'

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com']
const JWKS = 'https://www.googleapis.com/oauth2/v3/certs'
/** Google makes one for an hour and uses it as long. */
const MAX_AGE_SECONDS = 3600

export type VerifyPush = (token: string | undefined) => Promise<boolean>

export function createPushVerifier(
  { audience, serviceAccount }: PubSubRule,
  outside: Outside,
): VerifyPush {
  const terms = { issuers: ISSUERS, audience, jwks: JWKS, maxAgeSeconds: MAX_AGE_SECONDS }
  const verify = createTokenVerifier(terms, outside)
  return async (token) => {
    const claims = token === undefined ? undefined : await verify(token)
    return claims?.['email'] === serviceAccount && claims['email_verified'] === true
  }
}
