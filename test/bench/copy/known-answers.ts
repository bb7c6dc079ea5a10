// How the store of known content answers: in S3's words, and where a Google client asks for JSON, in that.

import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentCrc } from './known-content.ts'
import type { HeldObject } from './known-objects.ts'
import { objects } from './known-objects.ts'

export interface Asked {
  request: IncomingMessage
  response: ServerResponse
  /** `bucket/key`. */
  key: string
  query: URLSearchParams
}

export function answer({ response }: Asked, status: number, headers = {}, body = ''): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

const XML = { 'content-type': 'application/xml' }

export function answerXml(asked: Asked, name: string, inside: string, headers = {}): void {
  answer(asked, 200, { ...XML, ...headers }, tag(name, inside))
}

export function refuse(asked: Asked, status: number, code: string): void {
  const body = asked.request.method === 'HEAD' ? '' : tag('Error', tag('Code', code))
  answer(asked, status, XML, body)
}

export function tag(name: string, inside: string | number): string {
  return `<${name}>${inside}</${name}>`
}

/** In the words of both S3 and Google. */
export function headersOf(object: HeldObject): Record<string, string> {
  const { size, etag, generation, modified, headers, bytes } = object
  return {
    etag: `"${etag}"`,
    'last-modified': modified.toUTCString(),
    'x-goog-generation': String(generation),
    'x-goog-stored-content-length': String(size),
    ...headers,
    ...(!bytes && {
      'x-amz-checksum-crc64nvme': contentCrc('crc64nvme', 0, size).toString('base64'),
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-goog-hash': `crc32c=${contentCrc('crc32c', 0, size).toString('base64')}`,
    }),
  }
}

/** Both versions of S3's listing, in one page. */
export function listing({ key: bucket, query }: Asked): string {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('start-after') ?? query.get('marker') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const contents: string[] = []
  const prefixes = new Set<string>()
  for (const [key, object] of objectsIn(bucket, prefix)) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut >= 0) prefixes.add(key.slice(0, cut + 1))
    else if (key > after) contents.push(tag('Contents', listed(key, object)))
  }
  const common = [...prefixes].map((one) => tag('CommonPrefixes', tag('Prefix', encodeURI(one))))
  const head = tag('Name', bucket) + tag('EncodingType', 'url') + tag('IsTruncated', 'false')
  return [head, ...contents, ...common].join('')
}

function listed(key: string, { size, etag, modified }: HeldObject): string {
  const name = tag('Key', encodeURI(key)) + tag('LastModified', modified.toISOString())
  return name + tag('Size', size) + tag('ETag', `"${etag}"`) + tag('StorageClass', 'STANDARD')
}

function objectsIn(bucket: string, prefix: string): [key: string, object: HeldObject][] {
  const within = `${bucket}/${prefix}`
  return [...objects]
    .filter(([key]) => key.startsWith(within))
    .map(([key, object]): [string, HeldObject] => [key.slice(bucket.length + 1), object])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** `/storage/v1/b/BUCKET/o/KEY`, or without the key a listing. */
export function answerJson(asked: Asked): void {
  const [bucket = '', , ...key] = asked.key.split('/').slice(3)
  const name = key.join('/')
  const found = objects.get(`${bucket}/${name}`)
  if (name === '') {
    const prefix = asked.query.get('prefix') ?? ''
    return json(asked, { items: objectsIn(bucket, prefix).map(([one, held]) => toJson(one, held)) })
  }
  if (!found) return answer(asked, 404, {}, '{}')
  if (asked.request.method !== 'DELETE') return json(asked, toJson(name, found))
  objects.delete(`${bucket}/${name}`)
  answer(asked, 204)
}

function json(asked: Asked, value: object): void {
  answer(asked, 200, { 'content-type': 'application/json' }, JSON.stringify(value))
}

function toJson(name: string, { size, generation, modified, bytes }: HeldObject): object {
  return {
    ...{ kind: 'storage#object', name, generation: String(generation), size: String(size) },
    updated: modified.toISOString(),
    ...(!bytes && { crc32c: contentCrc('crc32c', 0, size).toString('base64') }),
  }
}
