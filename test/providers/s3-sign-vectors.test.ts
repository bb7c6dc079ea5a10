// Signature Version 4 against what others published: Amazon's generic suite, and for S3 presigned URLs and
// form policies of its documentation and of its SDK.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Pair, Scope, Signable, Signing } from '#shared/wire/sigv4.ts'
import {
  AWS4,
  authorization,
  encodePath,
  headersToSign,
  queryToSign,
  sign,
  signingKeys,
  timestamp,
  withSignature,
} from '#shared/wire/sigv4.ts'
import suite from '../vectors/aws-sigv4/aws-c-auth-v4.json' with { type: 'json' }
import policies from '../vectors/aws-sigv4/s3-post-policy.json' with { type: 'json' }
import presigned from '../vectors/aws-sigv4/s3-presigned.json' with { type: 'json' }
import { DOCUMENTED_KEYS, DOCUMENTED_TIME } from './s3-opening.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

type SuiteCase = (typeof suite.cases)[number]

/** Every service but S3 folds dots and slashes and encodes a path twice. */
function genericPath(path: string, normalize: boolean): string {
  const folded: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') folded.pop()
    else if (segment !== '.' && segment !== '') folded.push(segment)
  }
  const end = /(^|\/)\.{0,2}$/.test(path) && folded.length > 0 ? '/' : ''
  return encodePath(normalize ? `/${folded.join('/')}${end}` : path)
}

function splitRequest(test: SuiteCase) {
  const [head = '', body = ''] = test.request.split('\n\n')
  const [first = '', ...lines] = head.replace(/\n[ \t]+/g, ' ').split('\n')
  const method = first.slice(0, first.indexOf(' '))
  const target = first.slice(method.length + 1, first.lastIndexOf(' HTTP'))
  const [path = '', query = ''] = target.split('?')
  const headers: Record<string, string> = {}
  for (const line of lines.filter(Boolean)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  const { host = '', ...rest } = headers
  return { method, path, query: queryPairs(query), host, headers: rest, body }
}

function queryPairs(query: string): Pair[] {
  return query === ''
    ? []
    : query.split('&').map((pair): Pair => {
        const [name = '', value = ''] = pair.split('=').map(decodeURIComponent)
        return [name, value]
      })
}

describe.each(suite.cases)('the generic suite: $name', (test) => {
  const { credentials, region, service } = test.context
  const scope: Scope = { scheme: AWS4, region, service }
  const token = 'token' in credentials ? credentials.token : undefined
  const omitted = 'omit_session_token' in test.context && test.context.omit_session_token
  const signing: Signing = {
    scope,
    keyId: credentials.access_key_id,
    sessionToken: omitted ? undefined : token,
    at: timestamp(Date.parse(test.context.timestamp)),
  }
  const key = signingKeys(scope)(credentials.secret_access_key, signing.at)
  const { body, ...request } = splitRequest(test)
  const signable: Signable = {
    ...request,
    path: genericPath(request.path, test.context.normalize),
    payloadHash: sha256(body),
  }

  it('signs the query', () => {
    const made = queryToSign(signing, signable, test.context.expiration_in_seconds)
    expect(made.query).toBe(test.query_canonical_request.split('\n')[2])
    expect(made.stringToSign).toBe(test.query_string_to_sign)
    expect(sign(key, made.stringToSign)).toBe(test.query_signature)
  })

  it('signs the headers', () => {
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-date': signing.at.second,
      ...(signing.sessionToken ? { 'x-amz-security-token': signing.sessionToken } : {}),
      ...(test.context.sign_body ? { 'x-amz-content-sha256': sha256(body) } : {}),
    }
    const made = headersToSign(signing, { ...signable, headers })
    expect(made.stringToSign).toBe(test.header_string_to_sign)
    const signature = sign(key, made.stringToSign)
    expect(signature).toBe(test.header_signature)
    const line = /Authorization:(.*)/.exec(test.header_signed_request)?.[1]
    expect(authorization(signing, made.signedHeaders, signature)).toBe(line)
  })
})

const OWN_PARAMETERS =
  /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Security-Token|Signature)$/

describe.each(presigned.cases)('presigned by others: $name', (test) => {
  it('has the same query and signature', () => {
    const url = new URL(test.url)
    const [where = '', query = ''] = test.url.split('?')
    const parameters = queryPairs(query)
    const region = url.searchParams.get('X-Amz-Credential')?.split('/')[2] ?? ''
    const scope: Scope = { scheme: AWS4, region, service: 's3' }
    const keys = presigned.credentials[test.credentials === 'base' ? 'base' : 'withSessionToken']
    const at = timestamp(DOCUMENTED_TIME)
    const sessionToken = url.searchParams.get('X-Amz-Security-Token') ?? undefined
    const signable: Signable = {
      method: test.method,
      host: url.host,
      path: 'path' in test && test.path ? encodePath(test.path) : where.slice(url.origin.length),
      query: parameters.filter(([name]) => !OWN_PARAMETERS.test(name)),
      headers: definedOnly(test.requiredHeaders),
    }
    const made = queryToSign(
      { scope, keyId: keys.accessKeyId, sessionToken, at },
      signable,
      Number(url.searchParams.get('X-Amz-Expires')),
    )
    expect(made.stringToSign).toBe(test.stringToSign)
    const signature = sign(signingKeys(scope)(keys.secretAccessKey, at), made.stringToSign)
    expect(signature).toBe(test.signature)
    const whole = withSignature(AWS4, made.query, signature)
    expect(whole.split('&').toSorted()).toEqual(query.split('&').toSorted())
  })
})

function definedOnly(headers: Record<string, string | undefined>): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) defined[name] = value
  return defined
}

describe('the form policy', () => {
  it.each([
    [
      'documentation',
      policies.documentation.policyBase64,
      policies.documentation.signature,
      '20151229',
    ],
    ['sdk', policies.sdk.fields.Policy, policies.sdk.fields['X-Amz-Signature'], '20130524'],
  ])('of the %s has the published signature', (_, policy, signature, day) => {
    const scope: Scope = { scheme: AWS4, region: 'us-east-1', service: 's3' }
    const key = signingKeys(scope)(DOCUMENTED_KEYS.secretAccessKey, { day, second: '' })
    expect(sign(key, policy)).toBe(signature)
  })
})
