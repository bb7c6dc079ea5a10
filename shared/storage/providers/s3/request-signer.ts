// The signature of a request, in its headers. Its body is not hashed unless a document has been: TLS guards it,
// or a checksum that was asked for.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Scope, Signing } from '#shared/wire/sigv4.ts'
import {
  AWS4,
  UNSIGNED_PAYLOAD,
  authorization,
  encodePath,
  encodeUri,
  headersToSign,
  sign,
  signingKeys,
  timestamp,
} from '#shared/wire/sigv4.ts'
import { bucketPlace } from './place.ts'
import type { S3Request } from './requests.ts'
import type { S3Settings } from './settings.ts'

export const PAYLOAD_HASH = 'x-amz-content-sha256'

export interface RequestSigner {
  sign(request: S3Request): Promise<{ url: string; headers: Record<string, string> }>
  /** Dates requests by the clock of who sent these, from now on. */
  learnTime(answered: AnswerHeaders): void
}

export function createRequestSigner(settings: S3Settings): RequestSigner {
  const { origin, host, root } = bucketPlace(settings)
  const scope: Scope = { scheme: AWS4, region: settings.region, service: 's3' }
  const keyOf = signingKeys(scope)
  /** How far this machine's clock is off, once S3 has said so. */
  let skew = 0

  return {
    async sign({ method, key = '', query = {}, headers: given }) {
      const path = root + encodePath(key)
      const pairs = Object.entries(query).filter(isGiven)
      const { accessKeyId, secretAccessKey, sessionToken } = await settings.credentials()
      const at = timestamp(settings.now() + skew)
      const signing: Signing = { scope, keyId: accessKeyId, at }
      const payloadHash = given?.[PAYLOAD_HASH] ?? UNSIGNED_PAYLOAD
      const headers = {
        ...given,
        [PAYLOAD_HASH]: payloadHash,
        'x-amz-date': at.second,
        ...(sessionToken && { 'x-amz-security-token': sessionToken }),
      }
      const signable = { method, host, path, query: pairs, headers, payloadHash }
      const { signedHeaders, stringToSign } = headersToSign(signing, signable)
      const proof = sign(keyOf(secretAccessKey, at), stringToSign)
      const text = pairs.map((pair) => pair.map(encodeUri).join('=')).join('&')
      return {
        url: `${origin}${path}${text === '' ? '' : `?${text}`}`,
        headers: { ...headers, authorization: authorization(signing, signedHeaders, proof) },
      }
    },

    learnTime(answered) {
      const theirs = Date.parse(answered.get('date') ?? '')
      if (!Number.isNaN(theirs)) skew = theirs - settings.now()
    },
  }
}

function isGiven(pair: [string, string | undefined]): pair is [string, string] {
  return pair[1] !== undefined
}
