// The look-alike that a probe is for: it answers 200 to all it does not understand. It looks at no signature,
// condition or digest, sorts as JavaScript does, and knows neither parts, tags, versions nor forms.

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export interface SloppyServer {
  url: string
  keys(): string[]
  close(): Promise<void>
}

export async function startSloppyS3(): Promise<SloppyServer> {
  const objects = new Map<string, Buffer>()
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, headers, body } = await answer(objects, request)
    response.writeHead(status, headers).end(body)
  }
  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    keys: () => [...objects.keys()],
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const KNOWN = /^(list-type|prefix|max-keys|continuation-token|encoding-type|x-id|x-amz-.*)$/i

async function answer(objects: Map<string, Buffer>, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sloppy')
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'))
  const body = await buffer(request)
  if (request.method === 'POST') return refusal(405, 'MethodNotAllowed')
  if ([...searchParams.keys()].some((name) => !KNOWN.test(name)))
    return refusal(501, 'NotImplemented')
  if (request.method === 'PUT')
    return write(objects, key, body, request.headers['x-amz-copy-source'])
  if (request.method === 'DELETE') {
    objects.delete(key)
    return { status: 204 }
  }
  return key === '' ? listing(objects, searchParams) : read(objects, key)
}

function write(
  objects: Map<string, Buffer>,
  key: string,
  body: Buffer,
  source: string | string[] | undefined,
): Answer {
  const from = source && decodeURIComponent(String(source)).split('/').slice(1).join('/')
  const bytes = from ? (objects.get(from) ?? body) : body
  objects.set(key, bytes)
  const result = `<CopyObjectResult><ETag>${etagOf(bytes)}</ETag></CopyObjectResult>`
  return { status: 200, headers: { etag: etagOf(bytes) }, body: from ? result : '' }
}

function read(objects: Map<string, Buffer>, key: string): Answer {
  const bytes = objects.get(key)
  if (bytes === undefined) return refusal(404, 'NoSuchKey')
  const modified = new Date().toUTCString()
  const headers = { etag: etagOf(bytes), 'last-modified': modified }
  return {
    status: 200,
    headers: { ...headers, 'content-length': String(bytes.length) },
    body: bytes,
  }
}

function listing(objects: Map<string, Buffer>, query: URLSearchParams): Answer {
  const after = query.get('continuation-token') ?? ''
  const limit = Number(query.get('max-keys') ?? 1000)
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
    .toSorted()
  const page = keys.slice(0, limit).map((key) => {
    const bytes = objects.get(key)!
    const facts = `<ETag>${etagOf(bytes)}</ETag><Size>${bytes.length}</Size>`
    return `<Contents><Key>${encodeURIComponent(key)}</Key>${facts}<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`
  })
  const more = keys.length > limit
  const next = more ? `<NextContinuationToken>${keys[limit - 1]}</NextContinuationToken>` : ''
  const head = `<Name>sloppy</Name><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>`
  return {
    status: 200,
    body: `<ListBucketResult>${head}${page.join('')}${next}</ListBucketResult>`,
  }
}

function refusal(status: number, code: string): Answer {
  return { status, body: `<Error><Code>${code}</Code><Message>no</Message></Error>` }
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}
