// Whether a JWT that was refused is at fault itself, and not the place where its issuer keeps the keys: then
// nothing is known of the token yet.

import type * as Jose from './jose.ts'

export function isTokenFault({ errors }: typeof Jose, error: unknown): boolean {
  return [
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWKSMultipleMatchingKeys,
    errors.JWKSNoMatchingKey,
    errors.JWSInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JWTClaimValidationFailed,
    errors.JWTExpired,
    errors.JWTInvalid,
  ].some((kind) => error instanceof kind)
}
