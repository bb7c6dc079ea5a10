// What `Store` checks before any request is made: keys, metadata, headers, and whether the store can do
// what is asked. Unsupported is an error, never silence.

import type { Capabilities } from './capabilities.ts'
import type { Checksum, ContentHeaders, ObjectProperties, PutMode } from './contract.ts'
import { StorageError } from './errors.ts'
import { checkMetadata } from './metadata.ts'
import type { SignRequest } from './signer.ts'

export interface Subject {
  store: string
  key: string
  capabilities: Capabilities
}

export function refuse(subject: Subject, what: string): never {
  throw new StorageError('unsupported', `${subject.store} cannot ${what}.`, {
    store: subject.store,
    key: subject.key,
  })
}

// eslint-disable-next-line no-control-regex
const HEADER_VALUE = /^[\x20-\x7e]*$/
const ETAG = /^[\x21\x23-\x7e]+$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

export function checkProperties(subject: Subject, properties: ObjectProperties): void {
  const { capabilities, store, key } = subject
  checkHeaders(subject, properties)
  if (properties.metadata) checkMetadata(properties.metadata, capabilities.metadata, store, key)
  checkClass(subject, properties.storageClass)
  checkTags(subject, properties.tags)
}

function checkHeaders({ store, key }: Subject, properties: ContentHeaders): void {
  for (const name of CONTENT_HEADERS) {
    const value = properties[name]
    if (value !== undefined && !HEADER_VALUE.test(value)) {
      throw new StorageError(
        'invalid',
        `The ${name} ${JSON.stringify(value)} is not a header value: printable ASCII only.`,
        { store, key },
      )
    }
  }
}

const CONTENT_HEADERS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const

export function checkClass(subject: Subject, storageClass: string | undefined): void {
  const { classes } = subject.capabilities
  if (storageClass === undefined || classes.includes(storageClass)) return
  const known = classes.length > 0 ? `it has ${classes.join(', ')}` : 'it has only one'
  refuse(subject, `store in the class "${storageClass}": ${known}`)
}

export function checkTags(subject: Subject, tags: Record<string, string> | undefined): void {
  const count = Object.keys(tags ?? {}).length
  if (count === 0) return
  const { tags: limits } = subject.capabilities
  if (limits === null) refuse(subject, 'tag objects')
  if (count > limits.max) refuse(subject, `hold ${count} tags on an object: ${limits.max} at most`)
}

/** Conditions of a write, against the group of capabilities that will carry it. */
export function checkMode(
  subject: Subject,
  mode: PutMode,
  can: { create: boolean; match: boolean },
  doing: string,
): void {
  if (mode === 'overwrite') return
  if (mode === 'create' ? can.create : can.match) {
    if (mode !== 'create') checkEtag(subject, mode.ifMatch)
    return
  }
  refuse(
    subject,
    `${doing} only if ${mode === 'create' ? 'the key is free' : 'the object is unchanged'}`,
  )
}

/** It goes into a header as it is. */
export function checkEtag({ store, key }: Subject, etag: string | undefined): void {
  if (etag === undefined || ETAG.test(etag)) return
  const message = `${JSON.stringify(etag)} is no etag of ${store}; use the one that it gave.`
  throw new StorageError('invalid', message, { store, key })
}

/** A store that keeps no versions would give, or delete, the current object in place of the one named. */
export function checkVersion(subject: Subject, version: string | undefined): void {
  if (version !== undefined && !subject.capabilities.versions) refuse(subject, 'keep versions')
}

export function checkChecksum(subject: Subject, checksum: Checksum | undefined): void {
  if (checksum === undefined) return
  const { algorithm, value } = checksum
  if (!subject.capabilities.put.checksums.includes(algorithm)) {
    refuse(subject, `check a ${algorithm} digest on a write`)
  }
  if (BASE64.test(value)) return
  const message = `The ${algorithm} ${JSON.stringify(value)} is no digest: give it in base64.`
  throw new StorageError('invalid', message, { store: subject.store, key: subject.key })
}

export function checkSize(subject: Subject, size: number | undefined): void {
  const most = subject.capabilities.maxObjectBytes
  if (size === undefined || size <= most) return
  throw new StorageError(
    'too-large',
    `${subject.key} is ${size} bytes and ${subject.store} takes objects of ${most} bytes at most.`,
    { store: subject.store, key: subject.key },
  )
}

export function checkSigning(subject: Subject, request: SignRequest): void {
  const { presign } = subject.capabilities
  if (presign === null) refuse(subject, 'sign URLs')
  if (!presign.actions.includes(request.action)) refuse(subject, `sign a ${request.action} request`)
  const { expiresInSeconds } = request
  const whole = Number.isInteger(expiresInSeconds) && expiresInSeconds >= 1
  if (!whole || expiresInSeconds > presign.maxSeconds) {
    throw new StorageError(
      'invalid',
      `A signed URL of ${subject.store} lives for 1 to ${presign.maxSeconds} whole seconds, not ${expiresInSeconds}.`,
      { store: subject.store, key: subject.key },
    )
  }
  if (request.action === 'put' || request.action === 'resumable' || request.action === 'form') {
    checkProperties(subject, request)
  }
  if ('version' in request) checkVersion(subject, request.version)
  if ('ifMatch' in request) checkEtag(subject, request.ifMatch)
  if ('response' in request && request.response) checkHeaders(subject, request.response)
  if (
    'checksum' in request &&
    request.checksum &&
    !presign.checksums.includes(request.checksum.algorithm)
  ) {
    refuse(subject, `put a ${request.checksum.algorithm} digest under the signature of a URL`)
  }
  if (request.action === 'put' || request.action === 'resumable')
    checkSignedMode(subject, request.mode)
}

function checkSignedMode(subject: Subject, mode: PutMode = 'overwrite'): void {
  const { presign, put } = subject.capabilities
  const enforced = presign?.enforces.includes('overwrite') ?? false
  const can = { create: put.create && enforced, match: put.match && enforced }
  checkMode(subject, mode, can, 'be held by a signed upload to write')
}
