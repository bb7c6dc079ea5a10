// What a request is aimed at, read off the wire: bucket and key in path or virtual-hosted style, the
// query and the headers decoded, nothing normalised.

import type { IncomingMessage } from 'node:http'
import { refuse } from './errors.ts'

export type Pair = readonly [name: string, value: string]

export type Target = {
  method: string
  /** The decoded path as the client sent it, which the signature covers. */
  path: string
  bucketName: string
  key: string
  queryPairs: readonly Pair[]
  query: ReadonlyMap<string, string>
  headerPairs: readonly Pair[]
  /** Lower-case names; several of one name are joined by commas. */
  headers: ReadonlyMap<string, string>
}

export function readTarget(request: IncomingMessage): Target {
  const [rawPath = '/', ...rest] = (request.url ?? '/').split('?')
  const path = decode(rawPath)
  const headerPairs = readHeaders(request.rawHeaders)
  const queryPairs = readQuery(rest.join('?'))
  const headers = joinPairs(headerPairs)
  return {
    method: request.method ?? 'GET',
    path,
    ...locate(path, headers.get('host') ?? ''),
    queryPairs,
    query: new Map(queryPairs),
    headerPairs,
    headers,
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse('InvalidURI')
  }
}

/** Header bytes are UTF-8 to S3, while Node reads them as Latin-1. */
function readHeaders(rawHeaders: readonly string[]): Pair[] {
  const pairs: Pair[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = Buffer.from(rawHeaders[i + 1] ?? '', 'latin1').toString('utf8')
    pairs.push([(rawHeaders[i] ?? '').toLowerCase(), value])
  }
  return pairs
}

function readQuery(text: string): Pair[] {
  if (text === '') return []
  return text.split('&').map((parameter) => {
    const at = parameter.indexOf('=')
    const [name, value] =
      at < 0 ? [parameter, ''] : [parameter.slice(0, at), parameter.slice(at + 1)]
    return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))]
  })
}

function joinPairs(pairs: readonly Pair[]): Map<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of pairs) {
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before},${value}`)
  }
  return joined
}

// bucket.localhost, bucket.s3.amazonaws.com, bucket.s3.region.any.provider, bucket.region.digitaloceanspaces.com
const virtualHost = /^(.+?)\.(?:s3[.-].+|localhost|[a-z0-9]+\.digitaloceanspaces\.com)$/

function locate(path: string, host: string): { bucketName: string; key: string } {
  const hostname = host.replace(/:\d+$/, '')
  const virtual = virtualHost.exec(hostname)?.[1]
  if (virtual !== undefined && virtual !== 's3') {
    return { bucketName: virtual, key: path.slice(1) }
  }
  const slash = path.indexOf('/', 1)
  if (slash < 0) return { bucketName: path.slice(1), key: '' }
  return { bucketName: path.slice(1, slash), key: path.slice(slash + 1) }
}
