// A store for copies of large objects, as a process of its own: it speaks what S3 and Google's XML API have in common,
// as much of it as copying takes; it makes up the content of its objects, compares what arrives with it byte for byte,
// and keeps none of it. So it needs a small part of a core where a real one needs several, and what is measured is
// whoever copies. `node known-server.ts source/a=2147483648 …` holds those objects and prints {"url": …} when ready;
// `parts=BYTES` prepares for what is written here in parts. `/__control` tells its counts.

import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Asked } from './known-answers.ts'
import { answer, answerJson, answerXml, headersOf, listing, refuse, tag } from './known-answers.ts'
import { compare, counts, forget, read, send } from './known-bodies.ts'
import { contentCrc, contentMd5 } from './known-content.ts'
import type { HeldObject } from './known-objects.ts'
import { etagOf, hold, holdKnown, objects, uploads } from './known-objects.ts'

/** Of what is larger nothing is kept. */
const KEPT_BYTES = 1024 * 1024
/** What parts are as a rule. */
const PART_BYTES = 8 * 1024 * 1024

function describedBy({ headers }: IncomingMessage): Record<string, string> {
  const names = Object.keys(headers).filter((name) => /^content-type$|^x-\w+-meta-/.test(name))
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]))
}

async function sendObject(asked: Asked, object: HeldObject): Promise<void> {
  const { request, response } = asked
  const { size, bytes, etag, generation } = object
  const wanted = request.headers['if-match'] ?? request.headers['x-goog-if-generation-match']
  if (wanted !== undefined && wanted !== `"${etag}"` && wanted !== String(generation)) {
    return refuse(asked, 412, 'PreconditionFailed')
  }
  const [range, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const first = Number(from)
  const last = Math.min(Number(to || size), size - 1)
  response.writeHead(range ? 206 : 200, {
    ...headersOf(object),
    'content-length': last - first + 1,
    ...(range && { 'content-range': `bytes ${first}-${last}/${size}` }),
  })
  if (request.method === 'HEAD') response.end()
  else if (bytes) response.end(bytes.subarray(first, last + 1))
  else await send(response, first, last - first + 1)
}

async function putObject(asked: Asked): Promise<void> {
  const { request, key } = asked
  if (objects.has(key) && request.headers['if-none-match'] === '*') {
    return refuse(asked, 412, 'PreconditionFailed')
  }
  const headers = describedBy(request)
  if (Number(request.headers['content-length']) <= KEPT_BYTES) {
    const bytes = await read(request)
    const etag = createHash('md5').update(bytes).digest('hex')
    return answer(asked, 200, headersOf(hold(key, { size: bytes.length, headers, etag, bytes })))
  }
  const size = await compare(request, 0)
  if (size === undefined) return refuse(asked, 400, 'BadDigest')
  const etag = contentMd5(0, size).toString('hex')
  answer(asked, 200, headersOf(hold(key, { size, headers, etag })))
}

/** All parts but the last are of one size, which tells where each begins. */
async function putPart(asked: Asked, uploadId: string): Promise<void> {
  const upload = uploads.get(uploadId)
  if (!upload) return refuse(asked, 404, 'NoSuchUpload')
  const partNumber = Number(asked.query.get('partNumber'))
  const announced = Number(asked.request.headers['content-length'])
  upload.partBytes = Math.max(upload.partBytes, announced)
  const first = (partNumber - 1) * upload.partBytes
  const size = await compare(asked.request, first)
  if (size === undefined) return refuse(asked, 400, 'BadDigest')
  upload.parts.set(partNumber, size)
  answer(asked, 200, {
    etag: `"${contentMd5(first, size).toString('hex')}"`,
    'x-goog-hash': `crc32c=${contentCrc('crc32c', first, size).toString('base64')}`,
  })
}

function listParts(asked: Asked, uploadId: string): void {
  const upload = uploads.get(uploadId)
  if (!upload) return refuse(asked, 404, 'NoSuchUpload')
  const parts = [...upload.parts].map(([n, size]) => {
    const etag = contentMd5((n - 1) * upload.partBytes, size).toString('hex')
    return tag('Part', tag('PartNumber', n) + tag('Size', size) + tag('ETag', `"${etag}"`))
  })
  answerXml(asked, 'ListPartsResult', parts.join(''))
}

function complete(asked: Asked, uploadId: string): void {
  const upload = uploads.get(uploadId)
  if (!upload) return refuse(asked, 404, 'NoSuchUpload')
  uploads.delete(uploadId)
  const { headers, parts, partBytes } = upload
  const size = [...parts.values()].reduce((sum, part) => sum + part, 0)
  const object = hold(asked.key, { size, headers, etag: etagOf(parts, partBytes) })
  const crc = contentCrc('crc64nvme', 0, size).toString('base64')
  const told = tag('ChecksumCRC64NVME', crc) + tag('ChecksumType', 'FULL_OBJECT')
  const inside = tag('ETag', `"${object.etag}"`) + told
  const named = { 'x-goog-generation': String(object.generation) }
  answerXml(asked, 'CompleteMultipartUploadResult', inside, named)
}

async function post(asked: Asked): Promise<void> {
  const { request, query, key } = asked
  const body = await read(request)
  const uploadId = query.get('uploadId')
  if (uploadId !== null) return complete(asked, uploadId)
  if (query.has('uploads')) {
    const id = crypto.randomUUID()
    uploads.set(id, { headers: describedBy(request), partBytes: 0, parts: new Map() })
    return answerXml(asked, 'InitiateMultipartUploadResult', tag('UploadId', id))
  }
  const bucket = key.split('/', 1)[0]
  for (const [, name] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g)) {
    objects.delete(`${bucket}/${name}`)
  }
  answerXml(asked, 'DeleteResult', '')
}

async function route(asked: Asked): Promise<void> {
  const { request, query, key } = asked
  const { method } = request
  const uploadId = query.get('uploadId')
  if (key.startsWith('storage/v1/b/')) return answerJson(asked)
  if (method === 'POST') return post(asked)
  if (method === 'PUT') return uploadId === null ? putObject(asked) : putPart(asked, uploadId)
  if (method === 'DELETE') {
    if (uploadId === null) objects.delete(key)
    else uploads.delete(uploadId)
    return answer(asked, 204)
  }
  if (uploadId !== null) return listParts(asked, uploadId)
  if (!key.includes('/')) return answerXml(asked, 'ListBucketResult', listing(asked))
  const object = objects.get(key)
  return object ? sendObject(asked, object) : refuse(asked, 404, 'NoSuchKey')
}

/** By what they concern: an object of the user's, Skein's own records, or a listing. */
function count({ key }: Asked): void {
  const isListing = !key.includes('/')
  const what = isListing ? 'lists' : key.includes('/.skein/') ? 'records' : 'objects'
  counts.requests[what]++
}

/** Forgets what was copied here, and counts from nothing. */
function control(asked: Asked): void {
  if (asked.request.method === 'DELETE') {
    for (const key of objects.keys()) if (!given.includes(key)) objects.delete(key)
    uploads.clear()
    forget()
  }
  answer(asked, 200, { 'content-type': 'application/json' }, JSON.stringify(counts))
}

function toAsked(request: IncomingMessage, response: ServerResponse): Asked {
  const { pathname, searchParams: query } = new URL(`http://server${request.url}`)
  return { request, response, query, key: decodeURIComponent(pathname).replace(/^\/|\/$/g, '') }
}

/** Whoever comes first does not wait for the digests that all are told. */
function prepareParts(size: number): void {
  contentCrc('crc64nvme', 0, size)
  contentCrc('crc32c', 0, size)
  for (let at = 0; at < size; at += PART_BYTES) {
    contentMd5(at, Math.min(PART_BYTES, size - at))
    contentCrc('crc32c', at, Math.min(PART_BYTES, size - at))
  }
}

const given: string[] = []
for (const argument of process.argv.slice(2)) {
  const [key = '', size] = argument.split('=')
  if (key === 'parts') prepareParts(Number(size))
  else holdKnown(key, Number(size))
  given.push(key)
}

const server = createServer((request, response) => {
  const asked = toAsked(request, response)
  if (asked.key === '__control') return control(asked)
  count(asked)
  // A client that went away in the middle of a body has its reasons.
  route(asked).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
