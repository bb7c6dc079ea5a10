// Whether a request may do what it asks, by the signature in its URL, and what that is. Nothing of the
// request is trusted before the signature is found right; comparison takes the same time wherever it fails.

import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { Checksum, ObjectProperties, PutMode } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { decodeMetadataValue } from '../../metadata.ts'
import type { ResponseOverrides } from '../../signer.ts'
import type { FileSettings } from './settings.ts'
import { requireSecret } from './settings.ts'
import type { Parameters } from './signature.ts'
import {
  CHECKSUM_ALGORITHMS,
  CHECKSUM_PREFIX,
  CONTENT_HEADERS,
  META_PREFIX,
  PARAMETERS,
  FOLDER_PATH,
  TAGS_HEADER,
  escape,
  signature,
} from './signature.ts'

/** What a signed request is allowed to do, and all of its headers that matter. */
export type FileOperation =
  | { action: 'get' | 'head'; key: string; response: ResponseOverrides }
  | {
      action: 'put'
      key: string
      contentLength: number | undefined
      mode: PutMode
      checksum: Checksum | undefined
      properties: ObjectProperties
    }
  | {
      action: 'part'
      key: string
      uploadId: string
      partNumber: number
      contentLength: number | undefined
      checksum: Checksum | undefined
    }
  | { action: 'delete'; key: string; ifMatch: string | undefined }

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** Throws `denied` for anything that is not exactly what was signed, or too late. */
export function verifyFileRequest(
  settings: FileSettings,
  request: Request,
  now: number,
): FileOperation {
  const { name: store } = settings
  const secret = requireSecret(settings)
  const url = new URL(request.url)
  if (!url.pathname.endsWith(`${FOLDER_PATH}${escape(store)}`))
    throw denied(store, 'is for another store')
  const { parameters, proof } = readParameters(url, store)
  const names = parameters['headers']?.split(' ') ?? []
  // Not signed yet: what is no header's name is one more thing that is not right.
  const lines = names.map((name) => {
    return [name, HEADER_NAME.test(name) ? (request.headers.get(name) ?? '') : ''] as const
  })
  if (!isEqual(proof, signature(secret, store, parameters, lines))) {
    throw denied(
      store,
      'does not bear a right signature: URL, key and signed headers must be sent as they were given',
    )
  }
  const { key = '', method, expires } = parameters
  if (now >= Number(expires) * 1000) throw denied(store, 'has expired; ask for a new one', key)
  if (method !== request.method) throw denied(store, `is for ${method} alone`, key)
  checkUnsigned(request.headers, names, store, key)
  return toOperation(request, parameters, key)
}

function readParameters(url: URL, store: string): { parameters: Parameters; proof: string } {
  const parameters: Record<string, string> = {}
  const known: readonly string[] = [...PARAMETERS, 'signature']
  for (const [name, value] of url.searchParams) {
    if (!known.includes(name) || name in parameters) {
      throw denied(store, 'has a parameter more than it was signed with')
    }
    parameters[name] = value
  }
  const { signature: proof = '', ...signed } = parameters
  return { parameters: signed, proof }
}

function isEqual(given: string, right: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** What would change the object or the check must be under the signature, as with every cloud. */
function checkUnsigned(
  headers: Headers,
  signed: readonly string[],
  store: string,
  key: string,
): void {
  for (const [name] of headers) {
    if (name.startsWith('x-skein-') && !signed.includes(name)) {
      throw denied(store, `was not signed with the header ${name}`, key)
    }
  }
}

function toOperation(request: Request, parameters: Parameters, key: string): FileOperation {
  const { headers } = request
  const checksum = readChecksum(headers)
  const length = headers.get('content-length')
  const contentLength = length === null ? undefined : Number(length)
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const action = request.method === 'GET' ? 'get' : 'head'
      return { action, key, response: readOverrides(parameters) }
    }
    case 'DELETE':
      return { action: 'delete', key, ifMatch: readMatch(headers) }
    default: {
      const { upload: uploadId, part } = parameters
      if (uploadId !== undefined) {
        return {
          action: 'part',
          key,
          uploadId,
          partNumber: Number(part),
          contentLength,
          checksum,
        }
      }
      const signed = parameters['headers']?.split(' ') ?? []
      const properties = readProperties(headers, signed)
      return { action: 'put', key, contentLength, mode: readMode(headers), checksum, properties }
    }
  }
}

function readOverrides(parameters: Parameters): ResponseOverrides {
  const overrides = CONTENT_HEADERS.map(([name, header]) => [
    name,
    parameters[`response-${header}`],
  ])
  return Object.fromEntries(overrides)
}

function readChecksum(headers: Headers): Checksum | undefined {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = headers.get(CHECKSUM_PREFIX + algorithm)
    if (value !== null) return { algorithm, value }
  }
  return undefined
}

/** An unsigned condition can only make the request do less, so it holds as well. */
function readMode(headers: Headers): PutMode {
  if (headers.get('if-none-match') === '*') return 'create'
  const ifMatch = readMatch(headers)
  return ifMatch === undefined ? 'overwrite' : { ifMatch }
}

function readMatch(headers: Headers): string | undefined {
  return headers.get('if-match')?.replace(/^"|"$/g, '')
}

/** The type is kept even unsigned, as clouds do; the others only where they were asked for. */
function readProperties(headers: Headers, signed: readonly string[]): ObjectProperties {
  const metadata: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (name.startsWith(META_PREFIX)) {
      metadata[name.slice(META_PREFIX.length)] = decodeMetadataValue(value)
    }
  }
  const content = CONTENT_HEADERS.filter(
    ([, header]) => header === 'content-type' || signed.includes(header),
  ).map(([name, header]) => [name, headers.get(header) ?? undefined])
  const tags = Object.fromEntries(new URLSearchParams(headers.get(TAGS_HEADER) ?? ''))
  return { ...Object.fromEntries(content), metadata, tags }
}

function denied(store: string, why: string, key?: string): StorageError {
  return new StorageError('denied', `This URL of ${store} ${why}.`, { store, key })
}
