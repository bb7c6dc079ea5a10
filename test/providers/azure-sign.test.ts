// Azure's signatures against recorded vectors and against the official SDK over awkward keys. What a
// running server makes of the URLs is in azure-presigned.test.ts.

import { Buffer } from 'node:buffer'
import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { BlobSASSignatureValues } from '@azure/storage-blob'
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isStorageError } from '#shared/storage/errors.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import { blockId, readBlockId } from '#shared/storage/providers/azure/block-id.ts'
import { toBlobName } from '#shared/storage/providers/azure/names.ts'
import type { SasFields } from '#shared/storage/providers/azure/sas.ts'
import { SAS_VERSION, signature, stringToSign } from '#shared/storage/providers/azure/sas.ts'
import { createAzureSigner } from '#shared/storage/providers/azure/sign.ts'
import type { SignRequest } from '#shared/storage/signer.ts'
import type { OpenedWith } from './azure-opening.ts'
import { settingsOf } from './azure-opening.ts'

interface Vectors {
  account: string
  accountKey: string
  userDelegationKey: Record<string, string>
  cases: Vector[]
}

interface Vector {
  name: string
  kind: 'service' | 'user-delegation' | 'account'
  input: Record<string, unknown> & { sv: string }
  stringToSign: string
  sig: string
  token: string
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/azure-sas/azure-sas-vectors.json', import.meta.url), 'utf8'),
) as Vectors

const key = vectors.accountKey
const NOW = Date.parse('2026-01-01T00:00:00.750Z')

function signerOf(given: OpenedWith = {}, uri = `az://${vectors.account}/docs`) {
  return createAzureSigner(
    settingsOf(uri, { credentials: { accountKey: key }, now: () => NOW, ...given }),
  )
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the properties that are there but undefined, which the SDK's types do not take. */
function definedOnly<T extends object>(values: T | undefined): Defined<T> {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}

describe('recorded vectors', () => {
  const { userDelegationKey: udk } = vectors
  const delegation: SasFields = {
    skoid: udk['signedObjectId'],
    sktid: udk['signedTenantId'],
    skt: udk['signedStartsOn'],
    ske: udk['signedExpiresOn'],
    sks: udk['signedService'],
    skv: udk['signedVersion'],
  }

  function fieldsOf({ input }: Vector): SasFields {
    const { containerName, blobName, snapshot, versionId, ...rest } = input as Record<
      string,
      string
    >
    const kind = snapshot ? 'bs' : versionId ? 'bv' : blobName ? 'b' : 'c'
    return {
      ...rest,
      sr: kind,
      time: snapshot ?? versionId,
      resource: `/blob/${vectors.account}/${containerName}${blobName ? `/${blobName}` : ''}`,
    }
  }

  const service = vectors.cases.filter((one) => one.kind === 'service')
  it.each(service.map((one) => [one.name, one] as const))('%s', (_, vector) => {
    const text = stringToSign('service', fieldsOf(vector))
    expect(text).toBe(vector.stringToSign)
    expect(signature(createSecretKey(Buffer.from(key, 'base64')), text)).toBe(vector.sig)
  })

  /** Headers end in a newline each, parameters begin with one. */
  function requiredOf({ input }: Vector): SasFields {
    const { srh, srq } = input as { srh?: Record<string, string>; srq?: Record<string, string> }
    const pairs = (given: Record<string, string>) =>
      Object.entries(given).map((one) => one.join(':'))
    return {
      srh:
        srh &&
        pairs(srh)
          .map((pair) => `${pair}\n`)
          .join(''),
      srq:
        srq &&
        pairs(srq)
          .map((pair) => `\n${pair}`)
          .join(''),
    }
  }

  const delegated = vectors.cases.filter((one) => one.kind === 'user-delegation')
  it.each(delegated.map((one) => [one.name, one] as const))('%s', (_, vector) => {
    const fields = { ...fieldsOf(vector), ...delegation, ...requiredOf(vector) }
    const text = stringToSign('delegation', fields)
    expect(text).toBe(vector.stringToSign)
    expect(signature(createSecretKey(Buffer.from(udk['value']!, 'base64')), text)).toBe(vector.sig)
  })

  // Never emitted: it would open a whole account. The signature over it is the same.
  const account = vectors.cases.filter((one) => one.kind === 'account')
  it.each(account.map((one) => [one.name, one] as const))('%s', (_, vector) => {
    const secret = createSecretKey(Buffer.from(key, 'base64'))
    expect(signature(secret, vector.stringToSign)).toBe(vector.sig)
  })

  it('are all here', () => {
    expect(service.length + delegated.length + account.length).toBe(23)
  })
})

describe('against the official SDK', () => {
  const shared = new StorageSharedKeyCredential(vectors.account, key)
  const seed = Math.trunc(Math.random() * 2 ** 31)
  const keys = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((text) => keyProblem(text) === undefined)
  const overrides = fc.record({
    contentType: fc.string({ minLength: 1 }),
    contentDisposition: fc.string({ unit: 'grapheme', minLength: 1 }),
    contentEncoding: fc.constantFrom('identity', 'gzip'),
    contentLanguage: fc.string({ minLength: 1 }),
    cacheControl: fc.string({ minLength: 1 }),
  })
  const gets = fc.record({
    action: fc.constant('get' as const),
    key: keys,
    expiresInSeconds: fc.integer({ min: 1, max: 604_800 }),
    response: fc.option(overrides, { nil: undefined }),
    version: fc.option(fc.constant('2025-12-31T23:59:59.1234567Z'), { nil: undefined }),
  })
  const writes = fc.oneof(
    fc.record({
      action: fc.constant('put' as const),
      key: keys,
      expiresInSeconds: fc.constant(900),
      mode: fc.constantFrom('create' as const, 'overwrite' as const),
      tags: fc.option(fc.constant({ a: 'b' }), { nil: undefined }),
    }),
    fc.record({
      action: fc.constant('part' as const),
      key: keys,
      expiresInSeconds: fc.constant(900),
      uploadId: fc.constant('0123456789abcdef0123456789abcdef'),
      partNumber: fc.integer({ min: 1, max: 50_000 }),
    }),
    fc.record({
      action: fc.constant('delete' as const),
      key: keys,
      expiresInSeconds: fc.constant(900),
    }),
  )

  function permissionsOf(request: SignRequest): string {
    if (request.action === 'get') return 'r'
    if (request.action === 'part') return 'w'
    if (request.action !== 'put') return 'd'
    return `${request.mode === 'create' ? 'c' : 'cw'}${request.tags ? 't' : ''}`
  }

  function expectedQuery(request: SignRequest): URLSearchParams {
    const version = 'version' in request ? request.version : undefined
    const response = 'response' in request ? request.response : undefined
    const values: BlobSASSignatureValues = {
      version: SAS_VERSION,
      containerName: 'docs',
      blobName: toBlobName(request.key),
      permissions: BlobSASPermissions.parse(permissionsOf(request)),
      expiresOn: new Date(NOW + request.expiresInSeconds * 1000),
      protocol: SASProtocol.Https,
      ...definedOnly(response),
      ...(version === undefined ? undefined : { versionId: version }),
    }
    return new URLSearchParams(generateBlobSASQueryParameters(values, shared).toString())
  }

  it(`signs what the SDK signs (seed ${seed})`, async () => {
    const signer = signerOf()
    const check = fc.asyncProperty(fc.oneof(gets, writes), async (request) => {
      const { url } = await signer.presign(request)
      const ours = new URL(url)
      expect(decodeURIComponent(ours.pathname)).toBe(`/docs/${toBlobName(request.key)}`)
      for (const name of ['comp', 'blockid', 'versionid']) ours.searchParams.delete(name)
      expect(Object.fromEntries(ours.searchParams)).toEqual(
        Object.fromEntries(expectedQuery(request)),
      )
    })
    await fc.assert(check, { seed, numRuns: 500 })
  })
})

describe('what a signed request says', () => {
  const put = { action: 'put', key: 'a/b.png', expiresInSeconds: 60 } as const

  it('carries the headers of an upload, and promises none of them', async () => {
    const signed = await signerOf().presign({
      ...put,
      contentLength: 12,
      contentType: 'image/png',
      cacheControl: 'no-store',
      contentDisposition: 'inline',
      contentEncoding: 'gzip',
      contentLanguage: 'de',
      metadata: { owner: 'zoë' },
      storageClass: 'Cool',
      tags: { kind: 'a b', 'x/y': '1' },
    })
    expect(signed.method).toBe('PUT')
    expect(signed.enforced).toEqual([])
    expect(signed.headers).toEqual({
      'x-ms-blob-type': 'BlockBlob',
      'content-length': '12',
      'x-ms-blob-content-type': 'image/png',
      'x-ms-blob-content-encoding': 'gzip',
      'x-ms-blob-content-disposition': 'inline',
      'x-ms-blob-content-language': 'de',
      'x-ms-blob-cache-control': 'no-store',
      'x-ms-access-tier': 'Cool',
      'x-ms-meta-owner': '=?UTF-8?B?em/Dqw==?=',
      'x-ms-tags': 'kind=a%20b&x%2Fy=1',
    })
  })

  it('ends at a whole second, not after what was asked', async () => {
    const signed = await signerOf().presign(put)
    expect(signed.expiresAt.toISOString()).toBe('2026-01-01T00:01:00.000Z')
    expect(new URL(signed.url).searchParams.get('se')).toBe('2026-01-01T00:01:00Z')
    expect(signed.expiresAtMost).toBe(false)
  })

  it('holds a create by its permission', async () => {
    const signed = await signerOf().presign({ ...put, mode: 'create' })
    expect(new URL(signed.url).searchParams.get('sp')).toBe('c')
    expect(signed.headers['if-none-match']).toBe('*')
    expect(signed.enforced).toEqual(['overwrite'])
  })

  it('allows plain HTTP only to an endpoint without TLS', async () => {
    const plain = signerOf({}, `az://${vectors.account}/docs?endpoint=http://127.0.0.1:10000`)
    const { url } = await plain.presign(put)
    expect(url.startsWith('http://127.0.0.1:10000/devstoreaccount1/docs/a/b.png?')).toBe(true)
    expect(new URL(url).searchParams.has('spr')).toBe(false)
    const secure = await signerOf().presign(put)
    expect(new URL(secure.url).searchParams.get('spr')).toBe('https')
  })

  it('sends range and condition of a download as headers', async () => {
    const signed = await signerOf().presign({
      action: 'get',
      key: 'a',
      expiresInSeconds: 60,
      range: { first: 5, last: 9 },
      ifMatch: '0x8D',
    })
    expect(signed.headers).toEqual({ range: 'bytes=5-9', 'if-match': '"0x8D"' })
  })

  it('names a version in the URL and under the signature', async () => {
    const version = '2025-12-31T23:59:59.1234567Z'
    const get = await signerOf().presign({ action: 'get', key: 'a', version, expiresInSeconds: 60 })
    const query = new URL(get.url).searchParams
    expect([query.get('sr'), query.get('versionid')]).toEqual(['bv', version])
    const remove = await signerOf().presign({
      action: 'delete',
      key: 'a',
      version,
      expiresInSeconds: 60,
    })
    expect(new URL(remove.url).searchParams.get('sp')).toBe('x')
  })

  const md5 = { algorithm: 'md5', value: 'JfnnlDI7RTiF9RgfG2JNCw==' } as const
  it.each<[string, SignRequest]>([
    ['a digest', { ...put, checksum: md5 }],
    ['an object to replace', { ...put, mode: { ifMatch: '0x8D' } }],
    ['a range of lengths', { ...put, contentLengthRange: { min: 1, max: 2 } }],
    [
      'a digest of a part',
      {
        action: 'part',
        key: 'a',
        uploadId: '0'.repeat(32),
        partNumber: 1,
        expiresInSeconds: 1,
        checksum: md5,
      },
    ],
    ['a form', { action: 'form', key: 'a', expiresInSeconds: 60 }],
    ['a session', { ...put, action: 'resumable' }],
  ])('refuses %s, which no SAS can hold', async (_, request) => {
    await expect(signerOf().presign(request)).rejects.toSatisfy((e) =>
      isStorageError(e, 'unsupported'),
    )
  })
})

describe('a SAS that was given', () => {
  const given = (token: string) => signerOf({ credentials: { sasToken: token } })
  const end = '2026-01-02T00:00:00Z'
  const sas = (sp: string) => `sv=2022-11-02&sr=c&sp=${sp}&se=${encodeURIComponent(end)}&sig=c2ln`
  const put = { action: 'put', key: 'a b', expiresInSeconds: 60 } as const

  it('is passed on as it is and ends when it ends', async () => {
    const signed = await given(`?${sas('rw')}`).presign(put)
    expect(signed.url).toBe(
      `https://devstoreaccount1.blob.core.windows.net/docs/a%20b?${sas('rw')}`,
    )
    expect(signed.expiresAt.toISOString()).toBe('2026-01-02T00:00:00.000Z')
    expect(signed.expiresAtMost).toBe(false)
  })

  it('ends at an unknown time when a policy says when', async () => {
    const signed = await given('sv=2022-11-02&sr=c&si=policy&sig=c2ln').presign(put)
    expect(signed.expiresAtMost).toBe(true)
  })

  it.each([
    ['r', put, 'cw'],
    ['w', { action: 'get', key: 'a', expiresInSeconds: 60 }, 'r'],
    ['rw', { action: 'delete', key: 'a', expiresInSeconds: 60 }, 'd'],
  ] as const)('with only %s refuses what it does not allow', async (sp, request, lacks) => {
    const failure = await given(sas(sp))
      .presign(request)
      .catch((error: unknown) => error)
    expect(isStorageError(failure, 'denied')).toBe(true)
    expect(String(failure)).toContain(`lacks "${lacks}"`)
    expect(String(failure)).not.toContain('c2ln')
  })

  it('cannot be narrowed', async () => {
    for (const request of [
      { ...put, mode: 'create' as const },
      {
        action: 'get' as const,
        key: 'a',
        expiresInSeconds: 60,
        response: { contentType: 'text/html' },
      },
    ]) {
      await expect(given(sas('rcw')).presign(request)).rejects.toSatisfy((e) =>
        isStorageError(e, 'unsupported'),
      )
    }
  })

  it('that has ended is told before a request', async () => {
    const ended = given('sv=2022-11-02&sr=c&sp=rw&se=2025-12-31T00:00:00Z&sig=c2ln')
    await expect(ended.presign(put)).rejects.toSatisfy((e) => isStorageError(e, 'unauthenticated'))
  })
})

describe('block ids', () => {
  const uploadId = '0123456789abcdef0123456789abcdef'

  it('come back as upload and number, all of one length', () => {
    const ids = [1, 9, 10, 50_000].map((number) => blockId(uploadId, number))
    expect(new Set(ids.map((id) => id.length)).size).toBe(1)
    expect(readBlockId(ids[3]!)).toEqual({ uploadId, partNumber: 50_000 })
  })

  it("of other tools are nobody's", () => {
    for (const id of ['AAAA', btoa('x'.repeat(38)), btoa(`${uploadId}-0000x`)]) {
      expect(readBlockId(id)).toBeUndefined()
    }
  })
})
