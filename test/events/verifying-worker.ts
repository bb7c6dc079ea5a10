// A Worker that verifies what it is given: who may tell of a change is decided there as it is here.

import { isSignedByB2 } from '#shared/events/b2-signature.ts'
import { createPushVerifier } from '#shared/events/google-oidc.ts'
import { createSnsVerifier } from '#shared/events/sns-signature.ts'

export interface VerifyingRequest {
  now: number
  sns?: { topic: string; message: string; certificate: string }
  push?: { audience: string; serviceAccount: string; token: string; jwks: object }
  b2?: { body: string; header: string; secret: string }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const asked: VerifyingRequest = await request.json()
    return Response.json(await verify(asked))
  },
}

async function verify({ now, sns, push, b2 }: VerifyingRequest): Promise<boolean> {
  if (sns) {
    const fetch = async () => new Response(sns.certificate)
    const rule = { topics: [sns.topic], maxAgeSeconds: 60 }
    const found = await createSnsVerifier(rule, { now: () => now, fetch })(sns.message)
    return found !== undefined
  }
  if (push) {
    const fetch = async () => Response.json(push.jwks)
    return createPushVerifier(push, { now: () => now, fetch })(push.token)
  }
  return b2 ? isSignedByB2(new TextEncoder().encode(b2.body), b2.header, [b2.secret]) : false
}
