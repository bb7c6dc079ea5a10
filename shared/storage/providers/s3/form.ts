// The browser form of S3: fields, and a policy that names every one of them, so that a field added,
// changed or left out is refused. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

import { Buffer } from 'node:buffer'
import type { HmacKey } from '#shared/wire/sha256.ts'
import type { Signing } from '#shared/wire/sigv4.ts'
import { scopePath, sign } from '#shared/wire/sigv4.ts'
import { StorageError } from '../../errors.ts'
import type { Constraint, SignForm } from '../../signer.ts'
import { contentHeaders } from './presigned-request.ts'
import type { S3Settings } from './settings.ts'

export interface Form {
  /** In order; the file goes after them. With a type prefix the sender adds `Content-Type` itself. */
  fields: Record<string, string>
  enforced: Constraint[]
}

type Condition = Record<string, string> | readonly [string, string | number, string | number]

export function signForm(
  settings: S3Settings,
  signing: Signing,
  key: HmacKey,
  request: SignForm,
  expiresAt: Date,
): Form {
  checkFormKey(settings, request.key)
  const fields = { ...formFields(request), ...signingFields(signing) }
  const conditions: Condition[] = [{ bucket: settings.bucket }]
  for (const [name, value] of Object.entries(fields)) conditions.push({ [name]: value })
  conditions.push(...looseConditions(request))
  const policy = encodePolicy({ expiration: expiresAt.toISOString(), conditions })
  return {
    fields: { ...fields, policy, 'x-amz-signature': sign(key, policy) },
    enforced: enforcedOf(request),
  }
}

/** S3 puts the file's own name there, and so the object elsewhere than it was asked for. */
function checkFormKey(settings: S3Settings, key: string): void {
  if (!key.includes('${filename}')) return
  throw new StorageError(
    'invalid',
    `A form of ${settings.name} cannot upload to a key that holds "\${filename}"; sign a PUT instead.`,
    { store: settings.name, key },
  )
}

function formFields(request: SignForm): Record<string, string> {
  const fields: Record<string, string> = { key: request.key, success_action_status: '201' }
  const headers = contentHeaders(request)
  for (const name in headers) fields[fieldName(name)] = headers[name] ?? ''
  if (request.tags && Object.keys(request.tags).length > 0)
    fields['tagging'] = tagging(request.tags)
  return fields
}

/** `Content-Type`, as the documentation spells the fields that are headers. */
function fieldName(header: string): string {
  if (header.startsWith('x-amz-')) return header
  return header.replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase())
}

function signingFields(signing: Signing): Record<string, string> {
  const fields: Record<string, string> = {
    'x-amz-algorithm': signing.scope.scheme.algorithm,
    'x-amz-credential': `${signing.keyId}/${scopePath(signing.scope, signing.at)}`,
    'x-amz-date': signing.at.second,
  }
  if (signing.sessionToken) fields['x-amz-security-token'] = signing.sessionToken
  return fields
}

function looseConditions({ contentLengthRange, contentTypePrefix }: SignForm): Condition[] {
  const conditions: Condition[] = []
  if (contentTypePrefix !== undefined) {
    conditions.push(['starts-with', '$Content-Type', contentTypePrefix])
  }
  if (contentLengthRange) {
    conditions.push(['content-length-range', contentLengthRange.min, contentLengthRange.max])
  }
  return conditions
}

function enforcedOf(request: SignForm): Constraint[] {
  const enforced: Constraint[] = []
  if (request.contentLengthRange) enforced.push('size')
  if (request.contentType !== undefined || request.contentTypePrefix !== undefined) {
    enforced.push('type')
  }
  return enforced
}

/** ASCII alone, so that nobody on the way can read it as another text. */
function encodePolicy(policy: { expiration: string; conditions: Condition[] }): string {
  const json = JSON.stringify(policy).replace(/[^\0-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return Buffer.from(json).toString('base64')
}

/** A form carries tags as the XML of PutObjectTagging. */
function tagging(tags: Record<string, string>): string {
  const set = Object.entries(tags).map(([name, value]) => {
    return `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`
  })
  return `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>`
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
