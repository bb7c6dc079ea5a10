// Signing with a user delegation key: how it is fetched, kept and outlived, against a server that hands
// out keys as Azure documents it, and the signature against the official SDK's.

import { BlobSASPermissions, generateBlobSASQueryParameters } from '@azure/storage-blob'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import { SAS_VERSION } from '#shared/storage/providers/azure/sas.ts'
import { createAzureSigner } from '#shared/storage/providers/azure/sign.ts'
import type { Answer, AnsweringServer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import { settingsOf } from './azure-opening.ts'

const DAY = 86_400_000
const START = Date.parse('2026-01-01T00:00:00Z')
const VALUE = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

let now: number
let keys: AnsweringServer
let tokens: AnsweringServer

beforeEach(async () => {
  now = START
  tokens = await startAnswering(() => ({
    status: 200,
    body: '{"access_token":"tok","expires_in":3600}',
  }))
  keys = await startAnswering(({ body }) => keyAnswer(body))
})

afterEach(async () => {
  await keys.stop()
  await tokens.stop()
})

function keyAnswer(request: string): Answer {
  const start = /<Start>(.+)<\/Start>/.exec(request)?.[1]
  const end = /<Expiry>(.+)<\/Expiry>/.exec(request)?.[1]
  return {
    status: 200,
    body: `\uFEFF<?xml version="1.0" encoding="utf-8"?><UserDelegationKey><SignedOid>oid</SignedOid><SignedTid>tid</SignedTid><SignedStart>${start}</SignedStart><SignedExpiry>${end}</SignedExpiry><SignedService>b</SignedService><SignedVersion>${SAS_VERSION}</SignedVersion><Value>${VALUE}</Value></UserDelegationKey>`,
  }
}

function signer() {
  return createAzureSigner(
    settingsOf(`az://myaccount/docs?endpoint=${keys.url}`, {
      now: () => now,
      env: {
        AZURE_TENANT_ID: 't',
        AZURE_CLIENT_ID: 'c',
        AZURE_CLIENT_SECRET: 's',
        AZURE_AUTHORITY_HOST: tokens.url,
      },
    }),
  )
}

const get = { action: 'get', key: 'a b.txt', expiresInSeconds: 900 } as const

describe('a user delegation key', () => {
  it("is asked for with the token, for a week less the clocks' difference", async () => {
    await signer().presign(get)
    const [asked] = keys.asked
    expect(asked?.method).toBe('POST')
    expect(asked?.url.search).toBe('?restype=service&comp=userdelegationkey')
    expect(asked?.headers['authorization']).toBe('Bearer tok')
    expect(asked?.headers['x-ms-version']).toBe(SAS_VERSION)
    expect(asked?.body).toBe(
      '<KeyInfo><Start>2025-12-31T23:55:00Z</Start><Expiry>2026-01-07T23:55:00Z</Expiry></KeyInfo>',
    )
  })

  it('signs what the SDK signs', async () => {
    const signed = await signer().presign({
      ...get,
      response: { contentType: 'text/plain', contentDisposition: 'attachment; filename="ü"' },
    })
    const expected = generateBlobSASQueryParameters(
      {
        version: SAS_VERSION,
        containerName: 'docs',
        blobName: 'a b.txt',
        permissions: BlobSASPermissions.parse('r'),
        expiresOn: new Date(START + 900_000),
        contentType: 'text/plain',
        contentDisposition: 'attachment; filename="ü"',
      },
      {
        signedObjectId: 'oid',
        signedTenantId: 'tid',
        signedStartsOn: new Date('2025-12-31T23:55:00Z'),
        signedExpiresOn: new Date('2026-01-07T23:55:00Z'),
        signedService: 'b',
        signedVersion: SAS_VERSION,
        value: VALUE,
      },
      'myaccount',
    )
    const query = (text: string) => Object.fromEntries(new URLSearchParams(text))
    expect(query(new URL(signed.url).search)).toEqual(query(expected.toString()))
  })

  it('is fetched once while it outlives what it signs', async () => {
    const one = signer()
    await Promise.all([one.presign(get), one.presign(get), one.presign(get)])
    now += 6 * DAY
    await one.presign(get)
    expect(keys.asked.length).toBe(1)
    now += DAY
    await one.presign(get)
    expect(keys.asked.length).toBe(2)
  })

  it('ends the URL with itself, and is not fetched for every long one', async () => {
    const one = signer()
    const week = { ...get, expiresInSeconds: 604_800 }
    const first = await one.presign(week)
    expect(first.expiresAt.toISOString()).toBe('2026-01-07T23:55:00.000Z')
    expect(new URL(first.url).searchParams.get('se')).toBe('2026-01-07T23:55:00Z')
    await one.presign(week)
    expect(keys.asked.length).toBe(1)
    now += 2 * 3_600_000
    const later = await one.presign(week)
    expect(keys.asked.length).toBe(2)
    expect(later.expiresAt.toISOString()).toBe('2026-01-08T01:55:00.000Z')
  })

  it.each([
    [403, 'denied', 'Storage Blob Delegator'],
    [401, 'unauthenticated', 'tenant'],
    [503, 'unavailable', 'later'],
  ] as const)('that is refused with %d: %s', async (status, kind, hint) => {
    keys.answering = () => ({ status, body: 'tok' })
    const error: unknown = await signer()
      .presign(get)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ kind, status, store: 'photos' })
    expect(String(error)).toContain(hint)
    expect(String(error)).not.toMatch(/\btok\b/)
  })

  it('that is none is told, and asked for again', async () => {
    const one = signer()
    keys.answering = () => ({ status: 200, body: '<html></html>' })
    await expect(one.presign(get)).rejects.toMatchObject({ kind: 'internal' })
    for (const answer of ['cut', { ...keyAnswer(''), breaksOff: true }] as const) {
      keys.answering = () => answer
      await expect(one.presign(get)).rejects.toMatchObject({ kind: 'unavailable' })
    }
    keys.answering = ({ body }) => keyAnswer(body)
    await expect(one.presign(get)).resolves.toMatchObject({ method: 'GET' })
  })
})
