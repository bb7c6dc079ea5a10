/**
 * V4 POST policy documents: an HTML form that uploads, held to what the signer allowed.
 * https://cloud.google.com/storage/docs/authentication/signatures#policy-document
 * https://cloud.google.com/storage/docs/xml-api/post-object-forms
 */
import type { Answer, Call } from './call.ts'
import { empty, parseJson, readAll, xml } from './call.ts'
import { denied, escapeXml, GcsError, invalid } from './errors.ts'
import { boundaryOf, readParts } from './multipart-body.ts'
import { readAttributes, xmlEtag } from './object-resource.ts'
import { writeObject } from './objects.ts'
import { expired, parseDate, readScope, verifyText } from './signature.ts'
import type { ObjectVersion, State } from './state.ts'
import { findBucket } from './state.ts'
import type { SizeRange } from './body-checks.ts'
import { declaredDigests, intake, verifyDeclared } from './body-checks.ts'
import { headerResource, writtenHeaders } from './xml-objects.ts'

const UNCOVERED = ['policy', 'x-goog-signature', 'x-amz-signature', 'file']

type Fields = Map<string, string>

export async function postObject(state: State, call: Call, bucketName: string): Promise<Answer> {
  findBucket(state, bucketName)
  const fields: Fields = new Map()
  for await (const part of readParts(call.body, boundaryOf(call.headers['content-type']))) {
    const disposition = part.headers['content-disposition'] ?? ''
    const name = /;\s*name="([^"]*)"/i.exec(disposition)?.[1] ?? ''
    if (name.toLowerCase() !== 'file') {
      fields.set(name.toLowerCase(), (await readAll(part.body)).toString('utf8'))
      continue
    }
    const fileName = /;\s*filename="([^"]*)"/i.exec(disposition)?.[1] ?? ''
    return storeFile(state, call, bucketName, fields, part.body, fileName)
  }
  throw invalid('The form has no file field.', 'InvalidPolicyDocument')
}

async function storeFile(
  state: State,
  call: Call,
  bucketName: string,
  fields: Fields,
  file: AsyncIterable<Buffer>,
  fileName: string,
): Promise<Answer> {
  const key = fields.get('key')
  if (!key) throw invalid('The form has no key field.', 'InvalidPolicyDocument')
  const policy = checkPolicy(state, fields, bucketName)
  const digested = await intake(file, policy.sizeRange)
  const asHeaders: Call = { ...call, headers: Object.fromEntries(fields) }
  verifyDeclared(digested, declaredDigests(asHeaders))
  const version = writeObject(state, findBucket(state, bucketName), {
    name: key.replaceAll('${filename}', fileName),
    digested,
    attributes: readAttributes(headerResource(asHeaders)),
    storageClass: fields.get('x-goog-storage-class'),
    conditions: {},
  })
  return answerForm(call, fields, version)
}

function answerForm(call: Call, fields: Fields, version: ObjectVersion): Answer {
  const headers = writtenHeaders(version)
  const redirect = fields.get('success_action_redirect')
  if (redirect && URL.canParse(redirect)) {
    const location = new URL(redirect)
    location.searchParams.set('bucket', version.bucket)
    location.searchParams.set('key', version.name)
    location.searchParams.set('etag', xmlEtag(version))
    return empty(303, { ...headers, location: location.href })
  }
  const status = fields.get('success_action_status')
  const path = `${version.bucket}/${version.name.split('/').map(encodeURIComponent).join('/')}`
  const location = `${call.origin}/${path}`
  if (status !== '201') return empty(status === '200' ? 200 : 204, { ...headers, location })
  const inner = Object.entries({
    Location: location,
    Bucket: version.bucket,
    Key: version.name,
    ETag: xmlEtag(version),
  }).map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`)
  return xml(201, `<PostResponse>${inner.join('')}</PostResponse>`, { ...headers, location })
}

interface Policy {
  readonly sizeRange?: SizeRange
}

/** The signature, the expiry, then every condition, and that no field goes without one. */
export function checkPolicy(state: State, fields: Fields, bucket: string): Policy {
  const encoded = fields.get('policy')
  if (!encoded) throw denied('Access denied.')
  checkPolicySignature(state, fields, encoded)
  const document = parseJson(Buffer.from(encoded, 'base64').toString('utf8'))
  const expiresAtMs = Date.parse(String(document['expiration']))
  if (Number.isNaN(expiresAtMs)) throw refused('The expiration is missing.')
  if (state.now() > expiresAtMs) throw expired(expiresAtMs)
  const { conditions } = document
  if (!Array.isArray(conditions)) throw refused('The conditions are missing.')
  const given: Fields = new Map([...fields, ['bucket', bucket]])
  const covered = new Set<string>(['bucket'])
  let sizeRange: SizeRange | undefined
  for (const condition of conditions.map(readCondition)) {
    if (condition.kind === 'content-length-range') sizeRange = condition
    else checkCondition(condition, given, covered)
  }
  const uncovered = [...fields.keys()].find(
    (name) => !covered.has(name) && !UNCOVERED.includes(name) && !name.startsWith('x-ignore-'),
  )
  if (uncovered !== undefined) throw refused(`The field ${uncovered} is in no condition.`)
  return sizeRange ? { sizeRange } : {}
}

function checkPolicySignature(state: State, fields: Fields, encoded: string): void {
  const vendor = fields.has('x-amz-signature') ? 'x-amz' : 'x-goog'
  const read = (name: string) => fields.get(`${vendor}-${name}`) ?? ''
  const algorithm = read('algorithm')
  const date = read('date')
  parseDate(date)
  const scope = readScope({ algorithm, credential: read('credential'), date })
  if (verifyText(state, algorithm, scope, encoded, read('signature'))) return
  throw new GcsError({
    status: 403,
    reason: 'forbidden',
    code: 'SignatureDoesNotMatch',
    message: 'Access denied.',
    details: 'The signature of the policy does not match.',
  })
}

type Condition =
  | { kind: 'eq' | 'starts-with'; field: string; value: string }
  | { kind: 'content-length-range'; min: number; max: number }

function readCondition(condition: unknown): Condition {
  if (Array.isArray(condition) && condition.length === 3) {
    const [kind, first, second] = condition.map(String)
    if (kind === 'content-length-range') return { kind, min: Number(first), max: Number(second) }
    if ((kind === 'eq' || kind === 'starts-with') && first?.startsWith('$')) {
      return { kind, field: first.slice(1).toLowerCase(), value: second ?? '' }
    }
  } else if (typeof condition === 'object' && condition !== null) {
    const [entry, ...more] = Object.entries(condition)
    if (entry && more.length === 0) {
      return { kind: 'eq', field: entry[0].toLowerCase(), value: String(entry[1]) }
    }
  }
  throw refused('A condition is malformed.')
}

function checkCondition(
  condition: Exclude<Condition, { kind: 'content-length-range' }>,
  fields: Fields,
  covered: Set<string>,
): void {
  const { kind, field, value } = condition
  const given = fields.get(field)
  const holds = kind === 'eq' ? given === value : given?.startsWith(value)
  if (!holds) throw refused(`The condition on ${field} does not hold.`)
  covered.add(field)
}

function refused(details: string): GcsError {
  return new GcsError({
    status: 400,
    reason: 'invalid',
    code: 'InvalidPolicyDocument',
    message:
      'The content of the form does not meet the conditions specified in the policy document.',
    details,
  })
}
