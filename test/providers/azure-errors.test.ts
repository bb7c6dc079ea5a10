// What Azure's refusals and silences become, against a server that answers as Azure documents: Azurite
// neither fails nor is busy, and names some refusals otherwise.

import { Buffer } from 'node:buffer'
import { createPipelineRequest } from '@azure/core-rest-pipeline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import type { ErrorKind, Retry } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createAzureDriver } from '#shared/storage/providers/azure/driver.ts'
import { createNodeHttpClient } from '../../functions/cloudflare/azure-http-client.ts'
import type { Answer, AnsweringServer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import { settingsOf } from './azure-opening.ts'

const { signal } = new AbortController()
const ACCOUNT_KEY = Buffer.alloc(64, 1).toString('base64')
const SAS = 'sv=2022-11-02&sr=c&sp=rw&se=2030-01-01T00%3A00%3A00Z&sig=c2VjcmV0'

let server: AnsweringServer
let driver: Driver

beforeAll(async () => {
  server = await startAnswering(() => 'cut')
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

  it("within an answer is told by a Worker's client as by the SDK's own", async () => {
    server.answering = () => ({
      status: 200,
      headers: { 'content-length': '100' },
      body: '<Blobs>',
      breaksOff: true,
    })
    const request = createPipelineRequest({ url: server.url, allowInsecureConnection: true })
    await expect(createNodeHttpClient().sendRequest(request)).rejects.toMatchObject({
      name: 'RestError',
      code: 'REQUEST_SEND_ERROR',
    })
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
