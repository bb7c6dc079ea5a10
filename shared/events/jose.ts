// What of `jose` is used, in a file to import when the first token comes: a suite that no Google and no Entra
// posts to never loads it.

export { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
