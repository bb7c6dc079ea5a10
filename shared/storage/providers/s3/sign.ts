// Signs URLs and browser forms for S3 and its look-alikes. Nothing but keys in hand and HMAC: no SDK, and no
// waiting unless the keys have to be fetched. Everything that a request must be is under the signature.

import type { HmacKey } from '#shared/wire/sha256.ts'
import type { Scope, Signing } from '#shared/wire/sigv4.ts'
import {
  AWS4,
  encodePath,
  queryToSign,
  sign,
  signingKeys,
  timestamp,
  withSignature,
} from '#shared/wire/sigv4.ts'
import type { Presigned, SignForm, Signer, SignRequest } from '../../signer.ts'
import type { S3Credentials } from './credentials.ts'
import { signForm } from './form.ts'
import type { PresignedRequest } from './presigned-request.ts'
import {
  deleteRequest,
  partRequest,
  putRequest,
  readRequest,
  unsupported,
} from './presigned-request.ts'
import type { Place } from './place.ts'
import { bucketPlace } from './place.ts'
import type { S3Settings } from './settings.ts'

interface Term {
  expiresAt: Date
  expiresAtMost: boolean
}

export function createS3Signer(settings: S3Settings): Signer {
  const place = bucketPlace(settings)
  const scope: Scope = { scheme: AWS4, region: settings.region, service: 's3' }
  const keyOf = signingKeys(scope)

  return {
    async presign(request) {
      const found = settings.credentials()
      const credentials = found instanceof Promise ? await found : found
      const now = settings.now()
      const at = timestamp(now)
      const { accessKeyId: keyId, sessionToken } = credentials
      const signing: Signing = { scope, keyId, sessionToken, at }
      const key = keyOf(credentials.secretAccessKey, at)
      const term = termOf(request.expiresInSeconds, now, credentials)
      if (request.action === 'form')
        return presignForm(settings, place, signing, key, term, request)
      return presignUrl(place, signing, key, term, request, shape(settings, request))
    },
  }
}

function shape(settings: S3Settings, request: Exclude<SignRequest, SignForm>): PresignedRequest {
  switch (request.action) {
    case 'get':
    case 'head':
      return readRequest(request)
    case 'put':
      return putRequest(settings, request)
    case 'part':
      return partRequest(settings, request)
    case 'delete':
      return deleteRequest(request)
    default:
      throw unsupported(settings, request.key, 'begin a resumable upload; sign a put or parts')
  }
}

function presignUrl(
  { origin, host, root }: Place,
  signing: Signing,
  key: HmacKey,
  term: Term,
  { key: objectKey, expiresInSeconds }: SignRequest,
  { method, query: own, headers, enforced }: PresignedRequest,
): Presigned {
  const path = root + encodePath(objectKey)
  const request = { method, host, path, query: own, headers }
  const { query, stringToSign } = queryToSign(signing, request, expiresInSeconds)
  const signed = withSignature(AWS4, query, sign(key, stringToSign))
  const { expiresAt, expiresAtMost } = term
  return { method, url: `${origin}${path}?${signed}`, headers, enforced, expiresAt, expiresAtMost }
}

function presignForm(
  settings: S3Settings,
  { origin, root }: Place,
  signing: Signing,
  key: HmacKey,
  term: Term,
  request: SignForm,
): Presigned {
  const form = signForm(settings, signing, key, request, term.expiresAt)
  return {
    method: 'POST',
    url: `${origin}${root.replace(/(?<=.)\/$/, '')}`,
    headers: {},
    ...form,
    ...term,
  }
}

/** The URL's end counts from the whole second that it is dated with. */
function termOf(expiresInSeconds: number, now: number, credentials: S3Credentials): Term {
  const end = (Math.floor(now / 1000) + expiresInSeconds) * 1000
  const { expiresAt, sessionToken } = credentials
  if (expiresAt !== undefined && expiresAt.getTime() < end)
    return { expiresAt, expiresAtMost: false }
  return {
    expiresAt: new Date(end),
    expiresAtMost: expiresAt === undefined && sessionToken !== undefined,
  }
}
