// Signed URLs of a folder, honoured by the local server. Everything asked for is under the signature, so
// the bearer is held to all of it: method, key, expiry, headers, part, and the answer's headers.

import { StorageError } from '../../errors.ts'
import { encodeMetadataValue } from '../../metadata.ts'
import type { ObjectProperties } from '../../contract.ts'
import type {
  Constraint,
  Presigned,
  SignGet,
  SignPart,
  SignPut,
  SignRequest,
  Signer,
} from '../../signer.ts'
import type { FileSettings } from './settings.ts'
import { requireSecret } from './settings.ts'
import type { Parameters } from './signature.ts'
import {
  CHECKSUM_PREFIX,
  CONTENT_HEADERS,
  META_PREFIX,
  FOLDER_PATH,
  TAGS_HEADER,
  escape,
  signature,
  toQuery,
} from './signature.ts'

interface Demand {
  method: Presigned['method']
  headers: Record<string, string>
  parameters: Parameters
  enforced: readonly Constraint[]
}

export function createFileSigner(settings: FileSettings): Signer {
  return {
    async presign(request) {
      const secret = requireSecret(settings)
      const { method, headers, parameters, enforced } = demand(request, settings.name)
      const names = Object.keys(headers).toSorted()
      const expires = Math.floor(settings.now() / 1000) + request.expiresInSeconds
      const signed: Parameters = {
        ...parameters,
        key: request.key,
        method,
        expires: String(expires),
        headers: names.length > 0 ? names.join(' ') : undefined,
      }
      // As they arrive: no space at the ends of a header's value survives the way.
      const lines = names.map((name) => [name, (headers[name] ?? '').trim()] as const)
      const proof = signature(secret, settings.name, signed, lines)
      const url = `${settings.publicUrl}${FOLDER_PATH}${escape(settings.name)}?${toQuery(signed)}&signature=${proof}`
      const expiresAt = new Date(expires * 1000)
      return { method, url, headers, expiresAt, expiresAtMost: false, enforced }
    },
  }
}

function demand(request: SignRequest, store: string): Demand {
  switch (request.action) {
    case 'get':
    case 'head':
      return demandGet(request, store)
    case 'put':
      return demandPut(request, store)
    case 'part':
      return demandPart(request)
    case 'delete':
      if (request.version !== undefined) throw refusal(store, request.key, 'a version')
      return { method: 'DELETE', headers: {}, parameters: {}, enforced: [] }
    default:
      throw refusal(store, request.key, `a ${request.action} request`)
  }
}

function demandGet(request: SignGet, store: string): Demand {
  const { action, key, version, response, range, ifMatch } = request
  if (version !== undefined) throw refusal(store, key, 'a version')
  const overrides = CONTENT_HEADERS.map(([name, header]) => [
    `response-${header}`,
    response?.[name],
  ])
  return {
    method: action === 'get' ? 'GET' : 'HEAD',
    headers: present({
      range: range && `bytes=${range.first}-${range.last}`,
      'if-match': ifMatch === undefined ? undefined : `"${ifMatch}"`,
    }),
    parameters: Object.fromEntries(overrides),
    enforced: [],
  }
}

function demandPut(request: SignPut, store: string): Demand {
  const { key, contentLength, contentLengthRange, contentType, checksum, storageClass } = request
  const { mode = 'overwrite' } = request
  if (contentLengthRange) throw refusal(store, key, 'a range of lengths')
  if (storageClass !== undefined) throw refusal(store, key, 'a storage class')
  return {
    method: 'PUT',
    headers: present({
      ...propertyHeaders(request),
      ...payloadHeaders(request),
      'if-none-match': mode === 'create' ? '*' : undefined,
      'if-match': typeof mode === 'object' ? `"${mode.ifMatch}"` : undefined,
    }),
    parameters: {},
    enforced: constraints({
      size: contentLength !== undefined,
      type: contentType !== undefined,
      checksum: checksum !== undefined,
      overwrite: mode !== 'overwrite',
    }),
  }
}

function demandPart(request: SignPart): Demand {
  const { uploadId, partNumber, contentLength, checksum } = request
  return {
    method: 'PUT',
    headers: present(payloadHeaders(request)),
    parameters: { upload: uploadId, part: String(partNumber) },
    enforced: constraints({
      size: contentLength !== undefined,
      checksum: checksum !== undefined,
    }),
  }
}

function payloadHeaders({ contentLength, checksum }: Pick<SignPart, 'contentLength' | 'checksum'>) {
  return {
    'content-length': contentLength === undefined ? undefined : String(contentLength),
    ...(checksum && { [`${CHECKSUM_PREFIX}${checksum.algorithm}`]: checksum.value }),
  }
}

function propertyHeaders(properties: ObjectProperties): Record<string, string | undefined> {
  const { metadata = {}, tags = {} } = properties
  const content = CONTENT_HEADERS.map(([name, header]) => [header, properties[name]])
  const meta = Object.entries(metadata).map(([name, value]) => [
    META_PREFIX + name,
    encodeMetadataValue(value),
  ])
  const query = new URLSearchParams(tags).toString()
  return { ...Object.fromEntries([...content, ...meta]), [TAGS_HEADER]: query || undefined }
}

function present(headers: Record<string, string | undefined>): Record<string, string> {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) given[name] = value
  }
  return given
}

function constraints(asked: Partial<Record<Constraint, boolean>>): Constraint[] {
  const all: Constraint[] = ['size', 'type', 'checksum', 'overwrite']
  return all.filter((constraint) => asked[constraint] === true)
}

function refusal(store: string, key: string, what: string): StorageError {
  return new StorageError('unsupported', `${store} cannot sign a URL with ${what}.`, { store, key })
}
