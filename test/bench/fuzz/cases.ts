// Ten thousand ways to be wrong: each case is a request as bytes, made from a right one or from nothing, so
// that the damage is deep (a right token, a right route, one field that is not) as often as it is shallow.

import type { Chance } from './chance.ts'
import { BAD_KEYS, JUNK_VALUES, damagedJson, damagedText, junkFor } from './damage.ts'
import { brokenHttp } from './wire.ts'

export interface Case {
  kind: string
  /** As sent, in latin1. */
  bytes: string
  /** It promises more than it sends, so there need be no answer: the client hangs up. */
  cut: boolean
}

/** What right requests are made of. */
export interface Target {
  workspace: string
  token: string
  /** Sealed ids of uploads that were begun. */
  ids: readonly string[]
  /** Path and query of signed URLs of folder stores. */
  signed: readonly string[]
}

interface Parts {
  method: string
  path: string
  headers: [string, string][]
  body: string
}

type Maker = (chance: Chance, target: Target) => Parts

const MAKERS: Record<string, Maker> = {
  body: brokenBody,
  header: brokenHeader,
  id: brokenId,
  key: brokenKey,
  path: brokenPath,
  signed: brokenSignature,
}

export const KINDS: readonly string[] = [...Object.keys(MAKERS), 'wire']

export function makeCase(chance: Chance, target: Target): Case {
  const kind = chance.pick(KINDS)
  const make = MAKERS[kind]
  if (make !== undefined) return { kind, bytes: toBytes(make(chance, target)), cut: false }
  const right = toBytes(planning(target))
  return { kind, ...brokenHttp(chance, right) }
}

/** A right request, which each kind then breaks. */
function planning({ workspace, token }: Target): Parts {
  return {
    method: 'POST',
    path: `/v1/${workspace}/uploads`,
    headers: [
      ['authorization', `Bearer ${token}`],
      ['content-type', 'application/json'],
    ],
    body: JSON.stringify({ key: 'fuzz/a.png', size: 100, contentType: 'image/png' }),
  }
}

const UPLOAD = {
  key: 'fuzz/a.png',
  size: 100,
  contentType: 'image/png',
  contentDisposition: 'inline',
  cacheControl: 'no-store',
  checksum: { algorithm: 'crc32c', value: 'AAAAAA==' },
  metadata: { colour: 'blue' },
  storageClass: 'STANDARD',
  ifAbsent: true,
  expiresInSeconds: 60,
  method: 'put',
}
const DOWNLOAD = {
  key: 'fuzz/a.png',
  from: 'primary',
  expiresInSeconds: 60,
  disposition: 'attachment',
  filename: 'a.png',
  range: { first: 0, last: 9 },
  verify: false,
}
const POSTS: readonly (readonly [string, unknown])[] = [
  ['uploads', UPLOAD],
  ['uploads/batch', { uploads: [UPLOAD, UPLOAD] }],
  ['uploads/ID/parts', { partNumbers: [1, 2], checksums: { 1: UPLOAD.checksum } }],
  ['uploads/ID/complete', { parts: [{ partNumber: 1, etag: 'a', size: 100 }] }],
  ['downloads', DOWNLOAD],
  ['objects/copy', { from: 'fuzz/a.png', to: 'fuzz/b.png', ifAbsent: true }],
]

function brokenBody(chance: Chance, target: Target): Parts {
  const [route, right] = chance.pick(POSTS)
  const path = `/v1/${target.workspace}/${route.replace('ID', chance.pick(target.ids))}`
  const body = chance.oneIn(3)
    ? damagedText(chance, JSON.stringify(right))
    : damagedJson(chance, right)
  return { ...planning(target), path, body }
}

const CONTENT_TYPES = [
  ...['', ';', 'text/plain', 'application/json; charset=utf-16', 'application/jsonp', '*/*'],
  ...['multipart/form-data', 'application/json\t;', 'application/x-www-form-urlencoded'],
]
const HEADERS: Record<string, (chance: Chance, target: Target) => string> = {
  authorization: (chance, { token }) =>
    chance.pick([
      ...['', 'Bearer', 'Bearer ', 'Basic YTpi', `bearer  ${token}`, `Bearer ${token}x`, token],
      ...[`Bearer ${'a'.repeat(9000)}`, 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.e30.'],
      `Bearer ${damagedText(chance, token).replaceAll(/[\r\n\0]/g, '')}`,
    ]),
  'content-type': (chance) => chance.pick(CONTENT_TYPES),
  'content-encoding': (chance) => chance.pick(['gzip', 'br', 'identity', 'aws-chunked', '?']),
  'x-request-id': (chance) => chance.pick(['', 'a'.repeat(5000), '../../etc', '{}', '\x80\xff']),
  host: (chance) => chance.pick(['', ' ', 'a b', '[', 'x'.repeat(3000), '127.0.0.1:99999', '/']),
  origin: (chance) => chance.pick(['null', 'http://', 'https://evil.example', '\xff', ',']),
  expect: (chance) => chance.pick(['100-continue', '200-ok', '']),
  range: (chance) => chance.pick(['bytes=9-1', 'bytes=-', 'bytes=99999999999999999999-', 'x']),
  'if-match': (chance) => chance.pick(['"', '*', 'W/"a"', '"\xff"', 'a'.repeat(4000)]),
  'if-modified-since': (chance) => chance.pick(['never', '0', 'Thu, 99 Foo 9999 99:99:99 GMT']),
  'x-forwarded-proto': (chance) => chance.pick(['javascript', 'https, http', '']),
  'x-http-method-override': (chance) => chance.pick(['DELETE', 'X']),
  connection: (chance) => chance.pick(['upgrade, close', ',,close', 'close, x, te']),
  upgrade: () => 'websocket',
  cookie: (chance) => 'a=b;'.repeat(chance.below(3000)),
}

function brokenHeader(chance: Chance, target: Target): Parts {
  const right = planning(target)
  const names = Array.from({ length: 1 + chance.below(3) }, () => chance.pick(Object.keys(HEADERS)))
  const broken = names.map((name): [string, string] => [name, HEADERS[name]!(chance, target)])
  const kept = chance.oneIn(4) ? right.headers : right.headers.filter(([n]) => !names.includes(n))
  const many = chance.oneIn(20) ? Array.from({ length: 1500 }, manyHeaders) : []
  return { ...right, headers: [...kept, ...broken, ...many] }
}

function manyHeaders(_: unknown, index: number): [string, string] {
  return [`x-${index}`, 'a']
}

function brokenId(chance: Chance, target: Target): Parts {
  const right = chance.pick(target.ids)
  const [secret = '', payload = '', proof = ''] = right.split('.')
  const id = chance.pick([
    damagedText(chance, right),
    `${secret}.${damagedText(chance, payload)}.${proof}`,
    `${secret}.${payload}.${proof.slice(0, chance.below(proof.length))}`,
    `${secret}.${Buffer.from(chance.pick(JUNK_VALUES)).toString('base64url')}.${proof}`,
    `${secret}..`,
    chance.pick(BAD_KEYS),
    'a'.repeat(chance.below(20_000)),
  ])
  const [method, suffix] = chance.pick([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/parts'],
    ['POST', '/complete'],
    ['PATCH', ''],
  ] as const)
  const workspace = chance.oneIn(5) ? 'other' : target.workspace
  const path = `/v1/${workspace}/uploads/${inPath(chance, id)}${suffix}`
  return { ...planning(target), method, path, body: method === 'POST' ? '{}' : '' }
}

const KEYED: readonly (readonly [string, string])[] = [
  ['GET', 'object?key='],
  ['HEAD', 'object?key='],
  ['DELETE', 'object?key='],
  ['DELETE', 'object?from=all&key='],
  ['GET', 'download?key='],
  ['PUT', 'upload?key='],
  ['GET', 'objects?prefix='],
  ['GET', 'objects?cursor='],
  ['GET', 'objects?delimiter=%2F&limit=2&prefix='],
  ['GET', 'objects?limit='],
  ['GET', 'uploads?prefix='],
  ['GET', 'stats?prefix='],
  ['GET', 'status?x='],
]

function brokenKey(chance: Chance, target: Target): Parts {
  const key = chance.oneIn(2) ? chance.pick(BAD_KEYS) : chance.bytes(chance.below(60))
  if (chance.oneIn(3)) {
    const [route, right] = chance.pick(POSTS.filter(([one]) => !one.includes('ID')))
    const body = JSON.stringify(right).replaceAll('fuzz/a.png', () => junkFor(key))
    return { ...planning(target), path: `/v1/${target.workspace}/${route}`, body }
  }
  const [method, route] = chance.pick(KEYED)
  const path = `/v1/${target.workspace}/${route}${inPath(chance, key)}`
  return { ...planning(target), method, path, body: method === 'PUT' ? 'a' : '' }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const PATHS = [
  ...['/hooks/aws/photos', '/hooks/gcs/main', '/hooks/azure/main?validationToken=x', '/hooks/'],
  ...['/v1', '/v1/', '/v1//uploads', '/v1/demo//', '/v1/demo/nothing', '/v2/demo/uploads'],
  ...[
    '/v1/demo/uppy/TOKEN/s3/params?filename=a',
    '/v1/demo/uppy/x/s3/multipart',
    '/uppy/s3/params',
  ],
  ...['/openapi.json?x=%', '/healthz/..', '/capabilities#', '/metrics', '/files/', '/files/main'],
  ...['/files/main?key=a&sig=b', '/files/../main?key=a', '/v1/%64emo/status', '/v1/demo/%73tatus'],
  ...['//', '/?', '/%', '/%zz', '/%00', '/\\..\\', '/..%2f..%2fetc/passwd', '/v1/__proto__/status'],
  ...['/v1/constructor/uploads', '/v1/demo/uploads/../../x', '/v1/demo/uploads?key[]=a&key=b'],
  ...['/v1/demo/object', '/v1/demo/object?key', '/v1/demo/object?key=a&key=b', '/v1/demo/upload'],
]

function brokenPath(chance: Chance, target: Target): Parts {
  const path = chance.pick([
    chance.pick(PATHS).replace('demo', target.workspace),
    `/${inPath(chance, chance.bytes(chance.below(80)))}`,
    damagedPath(chance, `/v1/${target.workspace}/${chance.pick(KEYED)[1]}a`),
    `/v1/${target.workspace}/${'a/'.repeat(chance.below(2000))}`,
  ])
  const parts = { ...planning(target), method: chance.pick(METHODS), path }
  return chance.oneIn(4) ? { ...parts, headers: [] } : parts
}

function brokenSignature(chance: Chance, target: Target): Parts {
  const right = chance.pick(target.signed)
  const [path = '', query = ''] = right.split('?')
  const pairs = query.split('&')
  const index = chance.below(pairs.length)
  const without = pairs.filter((_, i) => i !== index)
  const twice = [...pairs, pairs[index] ?? '']
  const other = pairs.with(index, damagedPath(chance, pairs[index] ?? ''))
  const headers: [string, string][] = chance.oneIn(2)
    ? [['range', HEADERS['range']!(chance, target)]]
    : []
  return {
    method: chance.pick(['GET', 'PUT', 'HEAD', 'DELETE', 'POST', 'OPTIONS']),
    path: `${path}?${chance.pick([without, twice, other]).join('&')}`,
    headers,
    body: chance.bytes(chance.below(200)),
  }
}

/** Most often escaped, so that it comes as far as a handler; at times as it is. */
function inPath(chance: Chance, text: string): string {
  return chance.oneIn(4) ? damagedPath(chance, text) : encodeURIComponent(text.toWellFormed())
}

/** Still one line without spaces, or it would be another request altogether. */
function damagedPath(chance: Chance, text: string): string {
  return damagedText(chance, text)
    .replaceAll(/[\s\0]/g, '%')
    .slice(0, 15_000)
}

function toBytes({ method, path, headers, body: text }: Parts): string {
  const body = asBytes(text)
  const has = new Set(headers.map(([name]) => name))
  const bodied = body !== '' || ['POST', 'PUT', 'PATCH'].includes(method)
  const lines = [
    `${method} ${asBytes(path.startsWith('/') ? path : `/${path}`)} HTTP/1.1`,
    ...(has.has('host') ? [] : ['host: 127.0.0.1']),
    ...(has.has('connection') ? [] : ['connection: close']),
    ...headers.map(([name, value]) => `${name}: ${asBytes(value)}`),
    ...(bodied ? [`content-length: ${body.length}`] : []),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** As UTF-8 where it must be; else as it is, whether that makes UTF-8 or not. */
function asBytes(text: string): string {
  return /[^\0-\xff]/.test(text) ? Buffer.from(text).toString('latin1') : text
}
