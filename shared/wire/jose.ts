// What of `jose` is used, in a file to import when the first JWT comes: a suite that knows only its own
// tokens, and a cold start before one, never load it.

export { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
