// Who calls: the signature of a request by AWS's version 4, as SQS verifies it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

import type { IncomingHttpHeaders } from 'node:http'
import {
  algorithmName,
  canonicalRequest,
  equalSignatures,
  parseAmzDate,
  sha256,
  sign,
  signingKey,
  stringToSign,
} from '../s3/signature.ts'
import { Refusal } from './refusal.ts'

export type Credential = { accessKeyId: string; secretAccessKey: string }

const AUTHORIZATION =
  /^(\S+) Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
const SKEW_MILLISECONDS = 900_000

/** Throws for whoever is not the one that is known. */
export function checkCaller(
  known: Credential,
  region: string,
  headers: IncomingHttpHeaders,
  body: string,
): void {
  const found = AUTHORIZATION.exec(headers.authorization ?? '')
  if (!found) throw refused('MissingAuthenticationTokenException', 'The request is not signed.')
  const [, algorithm, keyId, date = '', place = '', service = '', names = '', proof = ''] = found
  const scope = { date, region: place, service }
  if (algorithm !== algorithmName || service !== 'sqs' || place !== region) {
    throw refused('InvalidSignatureException', `The scope is not that of SQS in ${region}.`)
  }
  if (keyId !== known.accessKeyId) {
    throw refused('UnrecognizedClientException', 'The access key is not known.')
  }
  const amzDate = String(headers['x-amz-date'])
  const at = parseAmzDate(amzDate)
  if (
    at === undefined ||
    !amzDate.startsWith(date) ||
    Math.abs(Date.now() - at) > SKEW_MILLISECONDS
  ) {
    throw refused('InvalidSignatureException', 'The signature is not of this time.')
  }
  const signedHeaders = names.split(';')
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  if (!needed.every((name) => signedHeaders.includes(name))) {
    throw refused('InvalidSignatureException', 'The host or a header of AWS is not signed.')
  }
  const canonical = canonicalRequest({
    ...{ method: 'POST', path: '/', query: [], signedHeaders, payloadHash: sha256(body) },
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as const),
  })
  const right = sign(
    signingKey(known.secretAccessKey, scope),
    stringToSign(amzDate, scope, canonical),
  )
  if (!equalSignatures(right, proof)) {
    throw refused('InvalidSignatureException', 'The signature does not match.')
  }
}

function refused(type: string, message: string): Refusal {
  return new Refusal(`com.amazon.coral.service#${type}`, message, 403)
}
