// Google's V4 signatures against Google's own conformance vectors, and against the official client over
// awkward keys, headers and queries. What a running server makes of them is in gcs-presigned.test.ts.

import { createPrivateKey } from 'node:crypto'
import { Storage } from '@google-cloud/storage'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Platform } from '#shared/platform.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createGcsSigner } from '#shared/storage/providers/gcs/sign.ts'
import { hmacKey, rsaKey } from '#shared/storage/providers/gcs/signing-key.ts'
import { signPolicy, signUrl } from '#shared/storage/providers/gcs/v4.ts'
import type { Presigned, SignRequest } from '#shared/storage/signer.ts'
import { encodePath, timestamp } from '#shared/wire/sigv4.ts'
import { seeded } from '../seeds.ts'
import extra from '../vectors/gcs-v4/extra-signed-urls.json' with { type: 'json' }
import published from '../vectors/gcs-v4/test_service_account.not-a-test.json' with { type: 'json' }
import vectors from '../vectors/gcs-v4/v4_signatures.json' with { type: 'json' }

const privateKey = createPrivateKey({
  key: Buffer.from(published.private_key_pkcs8_base64, 'base64'),
  format: 'der',
  type: 'pkcs8',
})
const account = {
  client_email: published.client_email,
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
type SigningVector = (typeof vectors.signingV4Tests)[number]

const key = rsaKey(account.client_email, privateKey)

/** Where the vector's options say that the bucket is: origin, and the path before the object. */
function place(test: SigningVector): { origin: string; path: string } {
  const scheme = test.scheme ?? 'https'
  const withScheme = (host: string) => (host.includes('://') ? host : `${scheme}://${host}`)
  const path = `/${test.bucket}`
  if (test.bucketBoundHostname) return { origin: withScheme(test.bucketBoundHostname), path: '' }
  const host = test.hostname ?? test.clientEndpoint ?? test.emulatorHostname
  if (host) return { origin: withScheme(host), path }
  const service = `storage.${test.universeDomain ?? 'googleapis.com'}`
  return test.urlStyle === 'VIRTUAL_HOSTED_STYLE'
    ? { origin: withScheme(`${test.bucket}.${service}`), path: '' }
    : { origin: withScheme(service), path }
}

/** As a caller hands them in: names in lower case, and no tabs, which no header of ours may hold. */
function headersOf({ headers }: SigningVector) {
  const given = Object.entries(headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value.replaceAll('\t', ' '),
  ])
  const lower: Record<string, string> = Object.fromEntries(given)
  return { headers: lower, payloadHash: lower['x-goog-content-sha256'] }
}

function parameters(url: string): { place: string; query: [string, string][] } {
  const [where = '', query = ''] = url.split('?')
  return {
    place: where,
    query: [...new URLSearchParams(query)].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  }
}

describe('conformance vectors', () => {
  it('are all here', () => {
    expect([vectors.signingV4Tests.length, vectors.postPolicyV4Tests.length]).toEqual([29, 11])
  })

  it.each(vectors.signingV4Tests)('sign: $description', async (test) => {
    const { origin, path } = place(test)
    const url = await signUrl(key, {
      method: test.method,
      origin,
      path: test.object === undefined ? path : `${path}/${encodePath(test.object)}`,
      ...headersOf(test),
      query: Object.entries(test.queryParameters ?? {}),
      expiresInSeconds: test.expiration,
      nowMs: Date.parse(test.timestamp),
    })
    expect(parameters(url)).toEqual(parameters(test.expectedUrl))
  })

  it.each(vectors.postPolicyV4Tests)('$description', async ({ policyInput, policyOutput }) => {
    const { startsWith, contentLengthRange } = policyInput.conditions ?? {}
    const fields = await signPolicy(key, {
      bucket: policyInput.bucket,
      key: policyInput.object,
      fields: policyInput.fields ?? {},
      conditions: [
        ...(startsWith ? [['starts-with', ...startsWith]] : []),
        ...(contentLengthRange ? [['content-length-range', ...contentLengthRange]] : []),
      ],
      expiresInSeconds: policyInput.expiration,
      nowMs: Date.parse(policyInput.timestamp),
    })
    expect(fields).toEqual(policyOutput.fields)
  })

  it.each(extra.cases)('another client: $name', async (test) => {
    const query = new URL(test.url).searchParams
    const url = await signUrl(key, {
      method: test.method,
      origin: 'https://storage.googleapis.com',
      path: `/test-bucket/${encodePath(test.key)}`,
      headers: test.requiredHeaders,
      query: [...query].filter(([name]) => !name.startsWith('X-Goog-')),
      expiresInSeconds: extra.expires,
      nowMs: Date.parse(extra.at),
    })
    expect(parameters(url)).toEqual(parameters(test.url))
  })

  it('sign with an HMAC key by the same scheme', async () => {
    const hmac = hmacKey('GOOGTS7C7FUP3AIRVJTE2BCDKINBTES3HC2GY5CBFJDCQ2SYHV6A6XXVTJFSA', 'secret')
    const text = 'GOOG4-HMAC-SHA256\n20260101T000000Z\n20260101/auto/storage/goog4_request\nabc'
    const [first, second] = [timestamp(Date.UTC(2026, 0, 1)), timestamp(Date.UTC(2026, 0, 2))]
    expect(await hmac.sign(text, first)).toBe(
      '08283a587a725e515dc3961d60ae653f880d2d7756555a9d121a1534e56313a4',
    )
    expect(await hmac.sign(text, second)).not.toBe(await hmac.sign(text, first))
  })
})

const NOW = Date.parse('2026-03-04T05:06:07.890Z')
const platform: Platform = {
  env: { GOOGLE_CREDENTIALS_JSON: JSON.stringify({ ...account, type: 'service_account' }) },
  fileSystem: false,
  now: () => NOW,
}

function settingsOf(uri: string, over: Partial<Platform> = {}) {
  const address = parseStoreUri(uri)
  return gcsSettings({
    address,
    name: address.label,
    capabilities: address.row.capabilities,
    options: {},
    platform: { ...platform, ...over },
  })
}

const signer = createGcsSigner(settingsOf('gs://test-bucket'))

const awkwardKey = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...Array.from(`a/~!'()*%+ &?#=:@$,;"<>é漢🙂`)),
      minLength: 1,
      maxLength: 40,
    }),
  )
  .filter((text) => keyProblem(text) === undefined)
const headerText = fc.string({
  unit: fc.constantFrom(...Array.from(`ab09 ;=,/"'()*%+-_.~`)),
  maxLength: 30,
})
const seconds = fc.integer({ min: 1, max: 604_800 })
const generation = fc.bigInt({ min: 1n, max: 9_000_000_000_000_000n }).map(String)
/** Letters alone: the official client sorts `_` by the alphabet in one place and by its code in another. */
const metadata = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ unit: 'grapheme' }), {
  maxKeys: 3,
})
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const requests: fc.Arbitrary<Exclude<SignRequest, { action: 'form' }>> = fc.oneof(
  fc.record({
    action: fc.constantFrom('get' as const, 'head' as const),
    key: awkwardKey,
    expiresInSeconds: seconds,
    version: optional(generation),
    response: optional(
      fc.record({ contentType: optional(headerText), contentDisposition: optional(headerText) }),
    ),
    range: optional(fc.record({ first: fc.nat(), last: fc.nat() })),
    ifMatch: optional(generation),
  }),
  fc.record({
    action: fc.constantFrom('put' as const, 'resumable' as const),
    key: awkwardKey,
    expiresInSeconds: seconds,
    contentType: optional(headerText),
    cacheControl: optional(headerText),
    contentDisposition: optional(headerText),
    metadata: optional(metadata),
    storageClass: optional(fc.constantFrom('NEARLINE', 'ARCHIVE')),
    contentLength: optional(fc.nat()),
    checksum: optional(
      fc.record({
        algorithm: fc.constantFrom('md5' as const, 'crc32c' as const),
        value: fc.constant('4waSgw=='),
      }),
    ),
    mode: optional(
      fc.oneof(
        fc.constant('create' as const),
        generation.map((ifMatch) => ({ ifMatch })),
      ),
    ),
  }),
  fc.record({
    action: fc.constant('part' as const),
    key: awkwardKey,
    expiresInSeconds: seconds,
    uploadId: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
    partNumber: fc.integer({ min: 1, max: 10_000 }),
    contentLength: optional(fc.nat()),
  }),
  fc.record({
    action: fc.constant('delete' as const),
    key: awkwardKey,
    expiresInSeconds: seconds,
    version: optional(generation),
  }),
)

// The more runs are asked for, the longer: RSA alone takes a third of a millisecond.
describe('the official client as the oracle', { timeout: 120_000 }, () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }))
  afterEach(() => void vi.useRealTimers())
  // Its advice about credentials from strangers goes to the console.
  vi.spyOn(console, 'warn').mockImplementationOnce(() => undefined)
  const official = new Storage({ projectId: 'p', credentials: account }).bucket('test-bucket')
  const actions = {
    GET: 'read',
    HEAD: 'read',
    PUT: 'write',
    POST: 'resumable',
    DELETE: 'delete',
  } as const

  /** The official client signs no HEAD, and we no digest of a session. */
  const isSigned = (request: SignRequest) =>
    request.action !== 'head' && !(request.action === 'resumable' && request.checksum)

  async function expected(request: SignRequest, given: Presigned): Promise<string> {
    const own = new URL(given.url).searchParams
    const { 'x-goog-resumable': _, ...headers } = given.headers
    const [url] = await official.file(request.key).getSignedUrl({
      version: 'v4',
      action: actions[given.method],
      accessibleAt: new Date(NOW),
      expires: new Date(NOW + request.expiresInSeconds * 1000),
      extensionHeaders: headers,
      queryParams: Object.fromEntries([...own].filter(([name]) => !name.startsWith('X-Goog-'))),
    })
    return url
  }

  it('signs the same request to the same URL', async () => {
    await fc.assert(
      fc.asyncProperty(requests.filter(isSigned), async (request) => {
        const given = await signer.presign(request)
        expect(parameters(given.url)).toEqual(parameters(await expected(request, given)))
      }),
      seeded(),
    )
  })

  it('signs the same form to the same fields', async () => {
    await fc.assert(
      fc.asyncProperty(
        awkwardKey,
        seconds,
        headerText,
        metadata,
        async (name, expires, type, meta) => {
          fc.pre(!name.includes('${filename}'))
          const contentLengthRange = { min: 1, max: 5000 }
          const given = await signer.presign({
            action: 'form',
            key: name,
            expiresInSeconds: expires,
            contentType: type,
            metadata: meta,
            contentLengthRange,
          })
          const { fields = {} } = given
          const own = Object.entries(fields).filter(([field]) =>
            /^(content-type|x-goog-meta-)/.test(field),
          )
          const [policy] = await official.file(name).generateSignedPostPolicyV4({
            expires: new Date(NOW + expires * 1000),
            conditions: [['content-length-range', 1, 5000]],
            fields: Object.fromEntries(own),
          })
          expect(given.url).toBe(policy.url)
          expect(fields).toEqual(policy.fields)
        },
      ),
      seeded(),
    )
  })
})

function signedNames(url: string): string[] | undefined {
  return new URL(url).searchParams.get('X-Goog-SignedHeaders')?.split(';')
}

describe('what is under the signature', () => {
  const base = { key: 'a/b.txt', expiresInSeconds: 900 }

  it('a PUT holds its bearer to size, type, digest and generation', async () => {
    const given = await signer.presign({
      ...base,
      action: 'put',
      contentType: 'text/plain',
      contentLength: 12,
      checksum: { algorithm: 'crc32c', value: 'yZRlqg==' },
      mode: 'create',
      metadata: { name: 'Größe' },
      storageClass: 'NEARLINE',
    })
    expect(given).toMatchObject({
      method: 'PUT',
      enforced: ['size', 'type', 'checksum', 'overwrite'],
      expiresAtMost: false,
      headers: {
        'content-type': 'text/plain',
        'content-length': '12',
        'x-goog-hash': 'crc32c=yZRlqg==',
        'x-goog-if-generation-match': '0',
        'x-goog-meta-name': '=?UTF-8?B?R3LDtsOfZQ==?=',
        'x-goog-storage-class': 'NEARLINE',
      },
    })
    expect(signedNames(given.url)).toEqual([...Object.keys(given.headers), 'host'].toSorted())
    expect(given.expiresAt).toEqual(new Date('2026-03-04T05:21:07Z'))
  })

  it('names as enforced only what was asked', async () => {
    expect((await signer.presign({ ...base, action: 'put' })).enforced).toEqual([])
    expect((await signer.presign({ ...base, action: 'get', ifMatch: '12' })).enforced).toEqual([])
  })

  it('a session takes exactly the length asked, or any within the range', async () => {
    const exact = await signer.presign({ ...base, action: 'resumable', contentLength: 12 })
    expect(exact.method).toBe('POST')
    expect(exact.headers).toEqual({
      'x-goog-content-length-range': '12,12',
      'x-goog-resumable': 'start',
    })
    const contentLengthRange = { min: 0, max: 99 }
    const ranged = await signer.presign({ ...base, action: 'resumable', contentLengthRange })
    expect(ranged.headers['x-goog-content-length-range']).toBe('0,99')
    expect(ranged.enforced).toEqual(['size'])
  })

  it('a form demands a type by its beginning', async () => {
    const given = await signer.presign({ ...base, action: 'form', contentTypePrefix: 'image/' })
    const policy = Buffer.from(given.fields?.['policy'] ?? '', 'base64').toString()
    expect(policy).toContain('["starts-with","$Content-Type","image/"]')
    expect(given.enforced).toEqual(['type'])
  })

  it.each([
    { ...base, action: 'get' as const, response: { cacheControl: 'no-store' } },
    {
      ...base,
      action: 'resumable' as const,
      checksum: { algorithm: 'crc32c' as const, value: 'yZRlqg==' },
    },
    { ...base, action: 'put' as const, tags: { a: 'b' } },
    { ...base, action: 'form' as const, tags: { a: 'b' } },
    { ...base, action: 'form' as const, key: 'up/${filename}' },
  ])('refuses what cannot be: %j', async (request) => {
    await expect(signer.presign(request)).rejects.toSatisfy((error) =>
      isStorageError(error, 'unsupported'),
    )
  })

  it("refuses an etag that is no generation, such as another store's", async () => {
    const asked = signer.presign({ ...base, action: 'put', mode: { ifMatch: 'd41d8cd98f00b204' } })
    await expect(asked).rejects.toSatisfy((error) => isStorageError(error, 'precondition'))
  })

  it('an endpoint behind a path keeps it', async () => {
    const behind = createGcsSigner(
      settingsOf('gs://test-bucket?endpoint=https://proxy.example/gcs/'),
    )
    const { url } = await behind.presign({ ...base, action: 'get' })
    expect(url).toMatch(/^https:\/\/proxy\.example\/gcs\/test-bucket\/a\/b\.txt\?/)
  })
})
