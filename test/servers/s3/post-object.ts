// PostObject: the upload by an HTML form, under a signed policy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html

import { createHash } from 'node:crypto'
import { encryptionHeaders, readAttributes } from './attributes.ts'
import { requireCredential } from './authorize.ts'
import { regionsOf } from './buckets.ts'
import type { Answer } from './call.ts'
import { readClaim, refuseMismatch, startDigest } from './checksums.ts'
import type { Claim } from './checksums.ts'
import { contentOf } from './content.ts'
import { refuse } from './errors.ts'
import { readForm } from './form.ts'
import type { Form } from './form.ts'
import { parsePolicy, requireLength, requirePolicy } from './policy.ts'
import type { Policy } from './policy.ts'
import { maxPutBytes } from './receive.ts'
import type { Received } from './receive.ts'
import { equalSignatures, sign, signingKey } from './signature.ts'
import { clockOf } from './state.ts'
import type { Bucket, State, Version } from './state.ts'
import { parseTagXml } from './tags.ts'
import type { Target } from './target.ts'
import { versionHeaders } from './versions.ts'
import { defaultAlgorithm, requireKey, store } from './write-object.ts'
import { document, element } from './xml.ts'

export type Post = {
  state: State
  target: Target
  bucket: Bucket
  openBody: () => AsyncIterable<Buffer>
}

export async function postObject(post: Post): Promise<Answer> {
  const { state, target, bucket } = post
  if (!bucket.dialect.postPolicy) throw refuse('NotImplemented', 'POST Object is not implemented.')
  const form = await readForm(post.openBody(), target.headers.get('content-type') ?? '')
  const fields = expandFileName(form)
  const key = requireField(fields, 'key')
  const policy = authorizeForm(post, fields)
  requirePolicy(policy, new Map([...fields, ['bucket', bucket.name]]), clockOf(state))
  requireKey(key)
  if (!form.file) {
    throw refuse('InvalidArgument', 'POST requires exactly one file upload per request.')
  }
  const headers = headersOf(fields)
  const attributes = readAttributes(state, bucket, headers)
  const tagging = fields.get('tagging')
  const received = await absorb(form.file.bytes, policy, readClaim(headers), bucket)
  const tags = tagging === undefined ? attributes.tags : parseTagXml(tagging)
  const version = store(state, bucket, key, { ...attributes, tags }, received)
  return describeSuccess(post, fields, version)
}

/** `${filename}` in any field stands for the name of the file that the browser sends. */
function expandFileName(form: Form): Map<string, string> {
  const name = form.file?.name ?? ''
  return new Map(
    [...form.fields].map(([field, value]) => [field, value.replaceAll('${filename}', name)]),
  )
}

function requireField(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name)
  if (value !== undefined && value !== '') return value
  throw refuse(
    'InvalidArgument',
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { details: { ArgumentName: name } },
  )
}

/** The string to sign is the policy's base64, just as it was sent. */
function authorizeForm({ state, bucket }: Post, fields: ReadonlyMap<string, string>): Policy {
  const base64 = fields.get('policy')
  if (base64 === undefined) throw refuse('AccessDenied')
  if (requireField(fields, 'x-amz-algorithm') !== 'AWS4-HMAC-SHA256') {
    throw refuse('InvalidArgument', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const parts = requireField(fields, 'x-amz-credential').split('/')
  const [accessKeyId = '', date = '', region = '', service, terminator] = parts
  if (parts.length !== 5 || service !== 's3' || terminator !== 'aws4_request') {
    throw refuse('InvalidArgument', 'The x-amz-credential field is malformed.')
  }
  const credential = requireCredential(state, {
    accessKeyId,
    token: fields.get('x-amz-security-token'),
  })
  const regions = regionsOf(state, bucket)
  if (!regions.includes(region) || !requireField(fields, 'x-amz-date').startsWith(date)) {
    throw refuse(
      'InvalidArgument',
      `The scope of the x-amz-credential field is wrong; expecting '${regions[0]}'`,
    )
  }
  const signature = sign(signingKey(credential.secretAccessKey, { date, region, service }), base64)
  if (!equalSignatures(signature, requireField(fields, 'x-amz-signature'))) {
    throw refuse('SignatureDoesNotMatch', undefined, {
      details: { AWSAccessKeyId: accessKeyId, StringToSign: base64 },
    })
  }
  if (credential.denied) throw refuse('AccessDenied')
  return parsePolicy(base64)
}

/** The form's fields, as the headers that a PUT would carry. */
function headersOf(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const headers = new Map(fields)
  const acl = headers.get('acl')
  if (acl !== undefined) headers.set('x-amz-acl', acl)
  return headers
}

async function absorb(
  bytes: AsyncIterable<Buffer>,
  policy: Policy,
  claim: Claim | undefined,
  bucket: Bucket,
): Promise<Received> {
  const algorithm = claim?.algorithm ?? defaultAlgorithm(bucket)
  const md5 = createHash('md5')
  const digest = algorithm && startDigest(algorithm)
  const chunks: Buffer[] = []
  const limit = Math.min(policy.range?.max ?? maxPutBytes, maxPutBytes)
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    // Too much is counted to its end, but no longer kept.
    if (size > limit) continue
    md5.update(chunk)
    digest?.update(chunk)
    chunks.push(chunk)
  }
  requireLength(policy, size)
  if (size > limit) throw refuse('EntityTooLarge')
  const value = digest?.digest().toString('base64')
  if (claim && claim.value !== value) refuseMismatch(claim.algorithm)
  return {
    content: contentOf(chunks),
    md5: md5.digest(),
    checksum: algorithm && value !== undefined ? { algorithm, value } : undefined,
    claimed: claim !== undefined,
  }
}

function describeSuccess(
  { target, bucket }: Post,
  fields: ReadonlyMap<string, string>,
  version: Version,
): Answer {
  const etag = `"${version.etag}"`
  const host = target.headers.get('host') ?? ''
  const encoded = version.key.split('/').map(encodeURIComponent).join('/')
  const location = `http://${host}${target.path.replace(/\/$/, '')}/${encoded}`
  const headers = {
    etag,
    location,
    ...encryptionHeaders(version.encryption),
    ...versionHeaders(bucket, version),
  }
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect')
  if (redirect !== undefined && URL.canParse(redirect)) {
    const url = new URL(redirect)
    url.searchParams.set('bucket', bucket.name)
    url.searchParams.set('key', version.key)
    url.searchParams.set('etag', etag)
    return { status: 303, headers: { ...headers, location: url.href } }
  }
  const status = fields.get('success_action_status')
  if (status === '200') return { status: 200, headers }
  if (status !== '201') return { status: 204, headers }
  const body = document(
    element(
      'PostResponse',
      element('Location', location),
      element('Bucket', bucket.name),
      element('Key', version.key),
      element('ETag', etag),
    ),
  )
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body }
}
