// GetObject, HeadObject, GetObjectAttributes: conditions, ranges, parts, checksums, response overrides.

import { describeVersion, requireReadable } from './attributes.ts'
import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { checksumElements, checksumHeaders } from './checksums.ts'
import type { Checksum } from './checksums.ts'
import { isNotModified } from './conditions.ts'
import { sliceContent } from './content.ts'
import { refuse } from './errors.ts'
import type { Bucket, Version } from './state.ts'
import { requireVersion, versionHeaders } from './versions.ts'
import { element, optional, s3Document } from './xml.ts'

type Span = { start: number; end: number; headers: Record<string, string> }

export function getObject(call: Call, bucket: Bucket): Answer {
  return readObject(call, bucket, true)
}

export function headObject(call: Call, bucket: Bucket): Answer {
  return readObject(call, bucket, false)
}

function readObject(call: Call, bucket: Bucket, withBody: boolean): Answer {
  const version = requireVersion(bucket, call.key, call.query.get('versionId'))
  const identity = versionHeaders(bucket, version)
  if (isNotModified(call.headers, version)) {
    const { etag = '', 'last-modified': modified = '' } = describeVersion(call.state, version)
    return { status: 304, headers: { etag, 'last-modified': modified, ...identity } }
  }
  if (withBody) requireReadable(call.state, version)
  const span = chooseSpan(call, version)
  const headers = {
    ...describeVersion(call.state, version),
    ...identity,
    ...(span?.headers ?? wholeChecksum(call, version)),
    ...overrides(call),
  }
  const status = span ? 206 : 200
  const { start, end } = span ?? { start: 0, end: version.content.size }
  if (!withBody) return { status, headers, lengthOnly: end - start }
  return { status, headers, body: sliceContent(version.content, start, end) }
}

function wantsChecksum(call: Call): boolean {
  return call.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
}

/** A part of an object has no checksum to be held against, unless it is a part as uploaded. */
function wholeChecksum(call: Call, version: Version): Record<string, string> {
  return wantsChecksum(call) ? checksumHeaders(version.checksum) : {}
}

function chooseSpan(call: Call, version: Version): Span | undefined {
  const range = call.headers.get('range')
  const partNumber = call.query.get('partNumber')
  if (partNumber === undefined) return range === undefined ? undefined : readRange(range, version)
  if (range !== undefined) {
    throw refuse(
      'InvalidRequest',
      'Cannot specify both Range header and partNumber query parameter',
    )
  }
  return readPart(call, version, partNumber)
}

/** Undefined for a header that HTTP says to ignore: another unit, several ranges, nonsense. */
function readRange(header: string, version: Version): Span | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  const [, first = '', last = ''] = match ?? []
  if (!match || first + last === '') return undefined
  const { size } = version.content
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= size) {
    throw refuse('InvalidRange', undefined, {
      details: { RangeRequested: header, ActualObjectSize: String(size) },
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  return { start, end, headers: { 'content-range': `bytes ${start}-${end - 1}/${size}` } }
}

function readPart(call: Call, version: Version, text: string): Span {
  const position = Number(text)
  const count = Math.max(version.parts.length, 1)
  if (!/^\d+$/.test(text) || position < 1 || position > 10_000) {
    throw refuse('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  }
  if (position > count) {
    throw refuse('InvalidPartNumber', undefined, {
      details: { PartNumberRequested: text, ActualPartCount: String(count) },
    })
  }
  const { size } = version.content
  const before = version.parts.slice(0, position - 1)
  const start = before.reduce((sum, part) => sum + part.content.size, 0)
  const part = version.parts[position - 1]
  const end = part ? start + part.content.size : size
  return {
    start,
    end,
    headers: {
      ...(size > 0 ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {}),
      ...(part ? { 'x-amz-mp-parts-count': String(count) } : {}),
      ...(wantsChecksum(call) ? checksumHeaders(part ? part.checksum : version.checksum) : {}),
    },
  }
}

const overridable = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
]

function overrides(call: Call): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of overridable) {
    const value = call.query.get(`response-${name}`)
    if (value === undefined) continue
    if (/[^\x20-\xff]/.test(value)) {
      throw refuse('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', {
        details: { ArgumentName: `response-${name}`, ArgumentValue: value },
      })
    }
    found[name] = value
  }
  return found
}

const attributeNames = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

export function getObjectAttributes(call: Call, bucket: Bucket): Answer {
  const version = requireVersion(bucket, call.key, call.query.get('versionId'))
  const asked = (call.headers.get('x-amz-object-attributes') ?? '')
    .split(',')
    .map((name) => name.trim())
  if (asked.some((name) => !attributeNames.includes(name))) {
    throw refuse('InvalidArgument', 'Invalid attribute name specified.')
  }
  const wants = (name: string) => asked.includes(name)
  const body = s3Document(
    'GetObjectAttributesResponse',
    wants('ETag') ? element('ETag', version.etag) : [],
    wants('Checksum') && version.checksum
      ? element('Checksum', checksumElements(withoutCount(version.checksum)))
      : [],
    wants('ObjectParts') && version.parts.length > 0 ? describeParts(call, version) : [],
    wants('StorageClass') ? element('StorageClass', version.storageClass) : [],
    wants('ObjectSize') ? element('ObjectSize', version.content.size) : [],
  )
  return xmlAnswer(body, {
    'last-modified': new Date(version.modifiedMs).toUTCString(),
    ...versionHeaders(bucket, version),
  })
}

/** Here alone, S3 gives a composite value without the number of its parts. */
function withoutCount(checksum: Checksum): Checksum {
  return { ...checksum, value: checksum.value.replace(/-\d+$/, '') }
}

/** S3 lists the parts one by one only where they have checksums of their own. */
function describeParts(call: Call, version: Version) {
  const after = Number(call.headers.get('x-amz-part-number-marker') ?? 0)
  const limit = Math.min(Number(call.headers.get('x-amz-max-parts') ?? 1000), 1000)
  const listed = version.checksum?.type === 'COMPOSITE' ? version.parts : []
  const rest = listed.filter((_, index) => index + 1 > after)
  const page = rest.slice(0, limit)
  const isTruncated = rest.length > page.length
  return element(
    'ObjectParts',
    element('PartsCount', version.parts.length),
    element('PartNumberMarker', after),
    optional('NextPartNumberMarker', isTruncated ? after + page.length : undefined),
    element('MaxParts', limit),
    element('IsTruncated', isTruncated),
    page.map((part, index) =>
      element(
        'Part',
        element('PartNumber', after + index + 1),
        element('Size', part.content.size),
        checksumElements(part.checksum, false),
      ),
    ),
  )
}
