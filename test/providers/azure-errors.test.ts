// What Azure's refusals and silences become, against a server that answers as Azure documents: Azurite
// neither fails nor is busy, and names some refusals otherwise.

import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import type { ErrorKind, Retry } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createAzureDriver } from '#shared/storage/providers/azure/driver.ts'
import type { Answer, AnsweringServer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import { settingsOf } from './azure-opening.ts'

const { signal } = new AbortController()
const ACCOUNT_KEY = Buffer.alloc(64, 1).toString('base64')
const SAS = 'sv=2022-11-02&sr=c&sp=rw&se=2030-01-01T00%3A00%3A00Z&sig=c2VjcmV0'

let server: AnsweringServer
let driver: Driver

beforeAll(async () => {
  server = await startAnswering(() => 'cut', { 'x-ms-request-id': '1' })
  driver = open({ accountKey: ACCOUNT_KEY })
})

afterAll(() => server.stop())

function open(credentials: { accountKey: string } | { sasToken: string }): Driver {
  return createAzureDriver(
    settingsOf(`az://myaccount/docs?endpoint=${server.url}`, { credentials }),
  )
}

function refusal(status: number, code?: string, headers: Record<string, string> = {}): Answer {
  if (code === undefined) return { status, headers }
  return {
    status,
    headers: { 'x-ms-error-code': code, 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Signed string was ${SAS.replaceAll('&', '&amp;')}</Message></Error>`,
  }
}

async function failure(work: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (error instanceof StorageError) return error
  throw new Error('it went well, or failed otherwise', { cause: error })
}

const put = (mode: 'create' | 'overwrite' = 'overwrite') =>
  driver.put('a', { bytes: Buffer.from('x') }, { mode, signal })

describe('refusals', () => {
  it.each<[number, string | undefined, ErrorKind, Retry, boolean]>([
    [403, 'AuthenticationFailed', 'unauthenticated', 'never', false],
    [401, 'NoAuthenticationInformation', 'unauthenticated', 'never', false],
    [403, 'AuthorizationFailure', 'denied', 'never', false],
    [403, 'AuthorizationPermissionMismatch', 'denied', 'never', false],
    [404, 'ContainerNotFound', 'not-found', 'never', false],
    [409, 'BlobImmutableDueToPolicy', 'denied', 'never', false],
    [409, 'BlobAlreadyExists', 'exists', 'never', false],
    [412, 'ConditionNotMet', 'precondition', 'never', false],
    [400, 'Md5Mismatch', 'corrupt', 'now', false],
    [400, 'Crc64Mismatch', 'corrupt', 'now', false],
    [413, 'RequestBodyTooLarge', 'too-large', 'never', false],
    [400, 'InvalidHeaderValue', 'invalid', 'never', false],
    [503, 'ServerBusy', 'throttled', 'later', false],
    [429, undefined, 'throttled', 'later', false],
    [500, 'InternalError', 'unavailable', 'later', true],
    [500, 'OperationTimedOut', 'unavailable', 'later', true],
    [502, undefined, 'unavailable', 'later', true],
    [501, 'NotImplemented', 'unsupported', 'never', false],
  ])('%d %s is %s', async (status, code, kind, retry, ambiguous) => {
    server.answering = () => refusal(status, code)
    const error = await failure(put())
    expect(error).toMatchObject({ kind, retry, ambiguous, store: 'photos' })
    expect(error.message).toMatch(/^[^\n]+\.$/)
    const signature = server.asked.at(-1)?.url.searchParams.get('sig') ?? ''
    expect(signature).toMatch(/^[\w+/]{43}=$/)
    expect(error.message).not.toContain(signature)
  })

  it('of a single delete are thrown where another try may mend them', async () => {
    server.answering = () => refusal(503, 'ServerBusy')
    const busy = driver.delete([{ key: 'a' }], { signal })
    expect(await failure(busy)).toMatchObject({ kind: 'throttled', retry: 'later' })
    server.answering = () => refusal(409, 'BlobImmutableDueToPolicy')
    const [result] = await driver.delete([{ key: 'a' }], { signal })
    expect(result).toMatchObject({ key: 'a', error: { kind: 'denied' } })
  })

  it('of a copy name the source that went away', async () => {
    server.answering = ({ method }) =>
      method === 'HEAD' ? { status: 200 } : refusal(404, 'CannotVerifyCopySource')
    const copied = driver.copy({ key: 'from' }, 'to', { mode: 'overwrite', signal })
    expect(await failure(copied)).toMatchObject({ kind: 'not-found', key: 'from' })
  })

  it('of one block end a copy: no further ones are asked for', async () => {
    const blocks: string[] = []
    const length = String(100 * 256 * 1024 * 1024)
    server.answering = ({ method, url }) => {
      if (method === 'HEAD') return { status: 200, headers: { 'content-length': length } }
      blocks.push(url.search)
      return blocks.length === 1 ? refusal(403, 'AuthorizationFailure') : { status: 201 }
    }
    const copied = driver.copy({ key: 'from' }, 'to', { mode: 'overwrite', signal })
    expect(await failure(copied)).toMatchObject({ kind: 'denied' })
    for (let i = 0; i < 100; i++) await driver.head('from', { signal })
    expect(blocks.length).toBeLessThan(50)
  })

  it("are the caller's to repeat", async () => {
    server.answering = () => refusal(503, 'ServerBusy', { 'retry-after': '7' })
    const before = server.asked.length
    expect(await failure(put())).toMatchObject({
      kind: 'throttled',
      retryAfterSeconds: 7,
      status: 503,
    })
    expect(server.asked.length - before).toBe(1)
  })

  it('of a HEAD have no body, and are told by their header', async () => {
    const head = () => failure(driver.head('a', { signal }))
    const without = (answer: Answer): Answer => ({ ...answer, body: '' })
    server.answering = () => without(refusal(404, 'BlobNotFound'))
    expect(await head()).toMatchObject({ kind: 'not-found', key: 'a' })
    server.answering = () => without(refusal(404, 'ContainerNotFound'))
    expect((await head()).message).toContain('container "docs"')
    server.answering = () => without(refusal(403, 'AuthenticationFailed'))
    expect((await head()).kind).toBe('unauthenticated')
    server.answering = () => ({ status: 403 })
    expect((await head()).kind).toBe('denied')
  })

  it('tell a create that came too late from a changed object', async () => {
    server.answering = () => refusal(412, 'ConditionNotMet')
    expect((await failure(put('create'))).kind).toBe('exists')
    expect((await failure(put())).kind).toBe('precondition')
  })

  it.each([
    [-20, 'behind'],
    [20, 'ahead of'],
  ])('of a clock that is %d minutes off say so', async (minutes, direction) => {
    const date = new Date(Date.now() - minutes * 60_000).toUTCString()
    server.answering = () => refusal(403, 'AuthenticationFailed', { date })
    const error = await failure(put())
    expect(error.kind).toBe('unauthenticated')
    expect(error.message).toContain(`20 minutes ${direction}`)
  })

  it('name the kind of credential that is not accepted', async () => {
    server.answering = () => refusal(403, 'AuthenticationFailed')
    expect((await failure(put())).message).toContain('account key')
    const lent = open({ sasToken: SAS })
    const error = await failure(lent.head('a', { signal }))
    expect(error.message).toContain('SAS token')
    expect(JSON.stringify(error) + String(error) + String(error.cause)).not.toContain('c2VjcmV0')
  })

  it('of single deletes in a batch are each their own', async () => {
    const part = (id: number, text: string) =>
      `--b\r\nContent-Type: application/http\r\nContent-ID: ${id}\r\n\r\n${text}\r\n\r\n`
    server.answering = () => ({
      status: 202,
      headers: { 'content-type': 'multipart/mixed; boundary=b' },
      body: `${part(0, 'HTTP/1.1 202 Accepted')}${part(1, 'HTTP/1.1 403 Forbidden\r\nx-ms-error-code: AuthorizationPermissionMismatch')}${part(2, 'HTTP/1.1 404 Not Found\r\nx-ms-error-code: BlobNotFound')}${part(3, 'HTTP/1.1 404 Not Found\r\nx-ms-error-code: ContainerNotFound')}--b--`,
    })
    const targets = ['a', 'b', 'c', 'd'].map((key) => ({ key }))
    const results = await driver.delete(targets, { signal })
    expect(results.map(({ key, error }) => [key, error?.kind])).toEqual([
      ['a', undefined],
      ['b', 'denied'],
      ['c', undefined],
      ['d', 'not-found'],
    ])
  })
})

describe('a batch', () => {
  const targets = ['a b', 'c'].map((key) => ({ key }))
  const done = (headers: Record<string, string>, body: string): Answer => ({
    status: 202,
    headers: { 'content-type': 'multipart/mixed; boundary=b', ...headers },
    body,
  })
  const both = [0, 1]
    .map((id) => `--b\r\nContent-ID: ${id}\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n`)
    .join('')

  it('lets in each of its requests, and tells the version once', async () => {
    server.answering = () => done({}, `${both}--b--\r\n`)
    const withMatch = targets.map((target) => ({ ...target, ifMatch: '0x1' }))
    expect(await driver.delete(withMatch, { signal })).toEqual(targets)
    const { url, headers, body } = server.asked.at(-1)!
    expect(url.searchParams.get('sr')).toBe('c')
    expect(url.searchParams.get('sp')).toBe('d')
    expect(headers['x-ms-version']).toBeDefined()
    expect(body).not.toContain('x-ms-version')
    expect(body).toMatch(/^DELETE \/myaccount\/docs\/a%20b\?\S*&sig=\S+ HTTP\/1\.1\r$/m)
    expect(body.match(/^if-match: "0x1"\r$/gm)).toHaveLength(2)
    expect(body.match(/^x-ms-delete-snapshots: include\r$/gm)).toHaveLength(2)
  })

  it('carries the token in each of its requests', async () => {
    server.answering = () => done({}, `${both}--b--`)
    const token = async () => ({ token: 'secret', expiresAt: Date.now() + 3_600_000 })
    const settings = settingsOf(`az://myaccount/docs?endpoint=${server.url}`)
    const lent = createAzureDriver({ ...settings, credential: { kind: 'token', token } })
    expect(await lent.delete(targets, { signal })).toEqual(targets)
    const { url, headers, body } = server.asked.at(-1)!
    expect(url.search).toBe('?restype=container&comp=batch')
    expect(headers.authorization).toBe('Bearer secret')
    expect(body.match(/^authorization: Bearer secret\r$/gm)).toHaveLength(2)
  })

  it('that is refused as a whole is an error, and no result', async () => {
    const refused = 'HTTP/1.1 403 no\r\nx-ms-error-code: AuthenticationFailed'
    const part = `--b\r\nContent-Type: application/http\r\n\r\n${refused}\r\n\r\n--b--`
    server.answering = () => done({}, part)
    const error = await failure(driver.delete(targets, { signal }))
    expect(error.kind).toBe('unauthenticated')
  })

  it('whose answer is cut short, or another one, is nothing done for sure', async () => {
    server.answering = () => done({}, both)
    const strange = { kind: 'internal', ambiguous: true }
    expect(await failure(driver.delete(targets, { signal }))).toMatchObject(strange)
    server.answering = () => done({ 'content-type': 'text/html' }, '<h1>Log in</h1>')
    expect(await failure(driver.delete(targets, { signal }))).toMatchObject(strange)
    server.answering = () => done({}, `${both.slice(0, both.indexOf('--b', 3))}--b--`)
    const results = await driver.delete(targets, { signal })
    expect(results.map(({ error }) => error?.kind)).toEqual([undefined, 'unavailable'])
  })
})

describe('a listing', () => {
  const page = (inner: string): Answer => ({
    status: 200,
    body: `\uFEFF<?xml version="1.0" encoding="utf-8"?><EnumerationResults>${inner}</EnumerationResults>`,
  })

  it('tells names as they are, whatever XML can hold', async () => {
    const properties = '<Properties><Etag>0x1</Etag><Content-MD5 /></Properties>'
    server.answering = () =>
      page(
        `<Blobs><Blob><Name Encoded="true">a%01%EF%BF%BF%25</Name>${properties}</Blob><Blob><Name> &lt;a&gt;&#xD;&amp;amp; </Name>${properties}</Blob><BlobPrefix><Name Encoded="true">p%02/</Name></BlobPrefix></Blobs><NextMarker />`,
      )
    const { objects, prefixes, cursor } = await driver.list({ signal, delimiter: '/' })
    expect(objects.map(({ key }) => key)).toEqual(['a\u0001\uffff%', ' <a>\r&amp; '])
    expect(objects[0]).toMatchObject({ etag: '0x1', size: 0, checksums: {} })
    expect(prefixes).toEqual(['p\u0002/'])
    expect(cursor).toBeUndefined()
  })

  it("asks for what it wants as a URL's query holds it", async () => {
    server.answering = () => page('<Blobs />')
    await driver.list({ signal, prefix: 'a b&c', delimiter: '/', limit: 7, cursor: '2!/+ä' })
    const { searchParams } = server.asked.at(-1)!.url
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...{ restype: 'container', comp: 'list', sr: 'c', sp: 'l' },
      ...{ prefix: 'a b&c', delimiter: '/', maxresults: '7', marker: '2!/+ä' },
    })
    await driver.list({ signal, after: 'a b' })
    const { url, headers } = server.asked.at(-1)!
    expect(url.searchParams.get('startFrom')).toBe('a b')
    expect(headers['x-ms-version']).toBe('2026-02-06')
  })

  it.each(['<h1>Log in</h1>', '<EnumerationResults><Blobs>', ''])('is not %j', async (body) => {
    server.answering = () => ({ status: 200, body })
    expect((await failure(driver.list({ signal }))).kind).toBe('internal')
  })
})

describe('a signature', () => {
  it('serves many requests of a kind, and none for long', async () => {
    let time = Date.now()
    const uri = `az://myaccount/docs?endpoint=${server.url}`
    const now = () => time
    const own = createAzureDriver(
      settingsOf(uri, { credentials: { accountKey: ACCOUNT_KEY }, now }),
    )
    server.answering = () => ({ status: 200 })
    const ends = async () => {
      await own.head('a', { signal })
      const { searchParams } = server.asked.at(-1)!.url
      expect(searchParams.get('sp')).toBe('r')
      return Date.parse(searchParams.get('se') ?? '')
    }
    const first = await ends()
    time += 4 * 60_000
    expect(await ends()).toBe(first)
    time += 2 * 60_000
    const second = await ends()
    expect(second - first).toBe(6 * 60_000)
    // A clock that is set back.
    time -= 60 * 60_000
    expect(await ends()).toBeLessThan(first)
  })
})

describe('silence', () => {
  it('after sending leaves open whether it was done', async () => {
    server.answering = () => 'cut'
    expect(await failure(put())).toMatchObject({
      kind: 'unavailable',
      retry: 'later',
      ambiguous: true,
      key: 'a',
    })
  })

  it('within an answer to a listing is no end of it', async () => {
    server.answering = () => ({
      status: 200,
      headers: { 'content-length': '100' },
      body: '<EnumerationResults>',
      breaksOff: true,
    })
    expect(await failure(driver.list({ signal }))).toMatchObject({ kind: 'unavailable' })
  })

  it('before the first read of a body waits for that read', async () => {
    const broken = new Promise<void>((resolve) => {
      server.answering = () => ({
        status: 200,
        headers: { 'content-length': '10', etag: '"1"' },
        body: '12345',
        breaksOff: true,
        brokeOff: resolve,
      })
    })
    const { body } = await driver.get('a', { signal })
    await broken
    // The other end of the connection learns of it in a later turn.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    await expect(new Response(body).text()).rejects.toThrow(/./)
  })

  it('in the middle of a body ends the body with an error', async () => {
    server.answering = () => ({
      status: 200,
      headers: { 'content-length': '10', etag: '"1"' },
      body: '12345',
      breaksOff: true,
    })
    const { body } = await driver.get('a', { signal })
    await expect(new Response(body).text()).rejects.toThrow(/./)
  })
})

describe('large copies', () => {
  it('are made of blocks that Azure reads from the same source content', async () => {
    const size = 600 * 1024 * 1024
    server.answering = ({ method }) =>
      method === 'HEAD'
        ? {
            status: 200,
            headers: {
              'content-length': String(size),
              etag: '"0x1"',
              'content-type': 'video/mp4',
              'content-md5': 'JfnnlDI7RTiF9RgfG2JNCw==',
              'x-ms-meta-a': 'b',
            },
          }
        : { status: 201, headers: { etag: '"0x2"', 'last-modified': new Date(0).toUTCString() } }
    const before = server.asked.length
    const info = await driver.copy({ key: 'big' }, 'copy', {
      mode: 'create',
      signal,
      storageClass: 'Cool',
    })
    expect(info).toMatchObject({ key: 'copy', size, etag: '0x2' })
    const asked = server.asked.slice(before)
    const blocks = asked.filter(({ url }) => url.searchParams.get('comp') === 'block')
    expect(blocks.map(({ headers }) => String(headers['x-ms-source-range'])).toSorted()).toEqual([
      'bytes=0-268435455',
      'bytes=268435456-536870911',
      'bytes=536870912-629145599',
    ])
    for (const { headers } of blocks) {
      expect(headers['x-ms-source-if-match']).toBe('"0x1"')
      const source = new URL(String(headers['x-ms-copy-source']))
      expect([source.pathname, source.searchParams.get('sp')]).toEqual([
        '/myaccount/docs/big',
        'rt',
      ])
    }
    const commit = asked.at(-1)
    expect(commit?.url.searchParams.get('comp')).toBe('blocklist')
    expect(commit?.headers).toMatchObject({
      'if-none-match': '*',
      'x-ms-blob-content-type': 'video/mp4',
      'x-ms-blob-content-md5': 'JfnnlDI7RTiF9RgfG2JNCw==',
      'x-ms-meta-a': 'b',
      'x-ms-access-tier': 'Cool',
    })
    const ids = [...commit!.body.matchAll(/<Latest>([^<]+)<\/Latest>/g)].map((match) => match[1])
    const numbers = ids.map((id) => Buffer.from(id!, 'base64').toString().slice(-5))
    expect(numbers).toEqual(['00001', '00002', '00003'])
  })
})

describe('what only Azure itself has', () => {
  it('versions are listed with their latest', async () => {
    server.answering = ({ url }) => {
      expect(url.searchParams.get('include')).toBe('versions')
      const blob = (name: string, inner: string) =>
        `<Blob><Name>${name}</Name>${inner}<Properties><Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>3</Content-Length></Properties></Blob>`
      return {
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: `<?xml version="1.0"?><EnumerationResults ServiceEndpoint="x" ContainerName="docs"><Blobs>${blob('a', '<VersionId>v1</VersionId>')}${blob('a', '<VersionId>v2</VersionId><IsCurrentVersion>true</IsCurrentVersion>')}${blob('old', '')}</Blobs><NextMarker>more</NextMarker></EnumerationResults>`,
      }
    }
    const { versions, cursor } = await driver.versions!.list({ signal })
    expect(versions.map(({ key, version, latest }) => [key, version, latest])).toEqual([
      ['a', 'v1', false],
      ['a', 'v2', true],
    ])
    expect(cursor).toBe('more')
  })

  it("a version is read and deleted by its id, without its blob's snapshots", async () => {
    server.answering = () => ({ status: 202, headers: { etag: '"1"', 'content-length': '0' } })
    await driver.delete([{ key: 'a', version: 'v 1' }], { signal })
    const asked = server.asked.at(-1)!
    expect(asked.url.searchParams.get('versionid')).toBe('v 1')
    expect(asked.headers['x-ms-delete-snapshots']).toBeUndefined()
  })

  it('retention and legal hold are told and set', async () => {
    server.answering = () => ({
      status: 200,
      headers: {
        etag: '"1"',
        'x-ms-immutability-policy-until-date': 'Fri, 01 Jan 2027 00:00:00 GMT',
        'x-ms-immutability-policy-mode': 'Locked',
        'x-ms-legal-hold': 'true',
      },
    })
    const until = new Date('2027-01-01T00:00:00Z')
    expect(await driver.retention!.get('a', { signal })).toEqual({
      retention: { mode: 'compliance', until },
      hold: true,
    })
    await driver.retention!.setRetention('a', { mode: 'governance', until }, { signal })
    expect(server.asked.at(-1)?.headers).toMatchObject({
      'x-ms-immutability-policy-mode': 'Unlocked',
      'x-ms-immutability-policy-until-date': 'Fri, 01 Jan 2027 00:00:00 GMT',
    })
    await driver.retention!.setHold('a', false, { signal })
    expect(server.asked.at(-1)?.headers['x-ms-legal-hold']).toBe('false')
  })

  it('a restore under way is told', async () => {
    server.answering = () => ({
      status: 200,
      headers: {
        etag: '"1"',
        'x-ms-access-tier': 'Archive',
        'x-ms-archive-status': 'rehydrate-pending-to-hot',
      },
    })
    expect(await driver.head('a', { signal })).toMatchObject({ archived: true, restoring: true })
    const before = server.asked.length
    await driver.classes!.restore!('a', { signal })
    expect(server.asked.length - before).toBe(1)
  })
})
