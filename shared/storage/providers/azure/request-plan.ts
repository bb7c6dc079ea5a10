// A signed request as it will be made, but for its signature: what each action sends, and which permission
// it takes. What no SAS can hold its bearer to is refused here.

import { StorageError } from '../../errors.ts'
import type { Presigned, SignGet, SignRequest } from '../../signer.ts'
import { blockId } from './block-id.ts'
import { hasTags, uploadHeaders } from './request-headers.ts'
import type { SasFields } from './sas.ts'
import type { AzureSettings } from './settings.ts'

export interface Plan {
  method: Presigned['method']
  headers: Record<string, string>
  /** In Azure's order, `racwdxtmeiy`, or it is refused. */
  permissions: string
  /** What goes before the signature in the query; empty, or ending in `&`. */
  query: string
  version?: string | undefined
  overrides?: SasFields | undefined
  enforced: Presigned['enforced']
}

const NOTHING: Presigned['enforced'] = []
const OVERWRITE: Presigned['enforced'] = ['overwrite']

export function planRequest(request: SignRequest, settings: AzureSettings): Plan {
  switch (request.action) {
    case 'get':
    case 'head':
      return planGet(request)
    case 'put':
      return planPut(request, settings)
    case 'part':
      return planPart(request, settings)
    case 'delete':
      return {
        method: 'DELETE',
        headers: {},
        permissions: request.version === undefined ? 'd' : 'x',
        query: versionQuery(request.version),
        version: request.version,
        enforced: NOTHING,
      }
    default:
      throw cannot(settings, request.key, `sign a ${request.action} request: it takes signed PUTs`)
  }
}

function planGet(request: SignGet): Plan {
  const { range, ifMatch, response, version } = request
  const headers: Record<string, string> = {}
  if (range) headers['range'] = `bytes=${range.first}-${range.last}`
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`
  return {
    method: request.action === 'get' ? 'GET' : 'HEAD',
    headers,
    permissions: 'r',
    query: versionQuery(version),
    version,
    overrides: response && {
      rscc: response.cacheControl,
      rscd: response.contentDisposition,
      rsce: response.contentEncoding,
      rscl: response.contentLanguage,
      rsct: response.contentType,
    },
    enforced: NOTHING,
  }
}

function planPut(
  request: SignRequest & { action: 'put' | 'resumable' },
  settings: AzureSettings,
): Plan {
  const { key, mode, checksum, contentLengthRange } = request
  if (checksum) throw cannot(settings, key, 'hold an upload to a digest')
  if (contentLengthRange) throw cannot(settings, key, 'hold an upload to a range of lengths')
  if (typeof mode === 'object')
    throw cannot(settings, key, 'hold an upload to the object it replaces')
  const creates = mode === 'create'
  return {
    method: 'PUT',
    headers: uploadHeaders(request),
    permissions: `${creates ? 'c' : 'cw'}${hasTags(request) ? 't' : ''}`,
    query: '',
    enforced: creates ? OVERWRITE : NOTHING,
  }
}

function planPart(request: SignRequest & { action: 'part' }, settings: AzureSettings): Plan {
  const { key, uploadId, partNumber, contentLength, checksum } = request
  if (checksum) throw cannot(settings, key, 'hold a part to a digest')
  return {
    method: 'PUT',
    headers: contentLength === undefined ? {} : { 'content-length': String(contentLength) },
    permissions: 'w',
    query: `comp=block&blockid=${encodeURIComponent(blockId(uploadId, partNumber))}&`,
    enforced: NOTHING,
  }
}

function versionQuery(version: string | undefined): string {
  return version === undefined ? '' : `versionid=${encodeURIComponent(version)}&`
}

export function cannot(settings: AzureSettings, key: string, what: string): StorageError {
  return new StorageError(
    'unsupported',
    `${settings.name} cannot ${what}; Azure's signed URLs hold only a blob, an action and an end.`,
    { store: settings.name, key },
  )
}
