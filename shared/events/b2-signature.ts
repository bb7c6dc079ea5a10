// Whether B2 has signed these very bytes: HMAC-SHA256 with the rule's secret, whose characters are the key as
// they stand. The header may list several signatures, and two secrets hold while one takes the other's place.
// https://www.backblaze.com/docs/cloud-storage-event-notifications-reference-guide

import { Buffer } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'

const MAX_SIGNATURES = 10

export function isSignedByB2(
  body: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
): boolean {
  const signatures = signaturesOf(header)
  const expected = secrets.map((secret) => createHmac('sha256', secret).update(body).digest())
  const held = expected.filter((one) => signatures.some((other) => timingSafeEqual(one, other)))
  return held.length > 0
}

function signaturesOf(header = ''): Buffer[] {
  return header
    .split(',', MAX_SIGNATURES)
    .map((one) => /^v1=([0-9a-f]{64})$/i.exec(one.trim())?.[1])
    .flatMap((hex) => (hex === undefined ? [] : [Buffer.from(hex, 'hex')]))
}
