/** The JSON API's buckets and listings over raw requests, with each refusal. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
})

afterAll(async () => {
  await harness.server.close()
})

function call(method: string, path: string, body?: object): Promise<Reply> {
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  return harness.api({ method, target: `/storage/v1/b${path}`, ...text })
}

function reasonOf(reply: Reply) {
  return [reply.status, jsonOf(reply).error?.errors[0].reason]
}

describe('a bucket', () => {
  it('is made with what was asked and what is usual', async () => {
    const reply = await call('POST', '?project=p', { name: 'made', location: 'eu' })
    expect(jsonOf(reply)).toMatchObject({
      kind: 'storage#bucket',
      name: 'made',
      location: 'EU',
      storageClass: 'STANDARD',
      metageneration: '1',
      softDeletePolicy: { retentionDurationSeconds: '604800' },
    })
    expect(reasonOf(await call('POST', '?project=p', { name: 'made' }))).toEqual([409, 'conflict'])
  })

  it.each([
    ['no project', '', { name: 'other' }, 'required'],
    ['no name', '?project=p', {}, 'required'],
    ['a name in capitals', '?project=p', { name: 'Other' }, 'invalid'],
    ['a name of two letters', '?project=p', { name: 'ab' }, 'invalid'],
    ['an unknown class', '?project=p', { name: 'other', storageClass: 'COLD' }, 'invalid'],
    ['a broken location', '?project=p', { name: 'other', location: 'no where' }, 'invalid'],
    ['broken CORS', '?project=p', { name: 'other', cors: [{ origin: 'x' }] }, 'invalid'],
    [
      'a lifecycle rule that does nothing known',
      '?project=p',
      { name: 'other', lifecycle: { rule: [{ action: { type: 'Move' }, condition: { age: 1 } }] } },
      'invalid',
    ],
    [
      'a lifecycle rule without a condition',
      '?project=p',
      { name: 'other', lifecycle: { rule: [{ action: { type: 'Delete' }, condition: {} }] } },
      'invalid',
    ],
    [
      'a soft delete of one day',
      '?project=p',
      { name: 'other', softDeletePolicy: { retentionDurationSeconds: '86400' } },
      'invalid',
    ],
  ])('is refused for %s', async (_, query, body, reason) => {
    expect(reasonOf(await call('POST', query, body))).toEqual([400, reason])
    expect(reasonOf(await call('GET', '/other'))).toEqual([404, 'notFound'])
  })

  it('merges a patch under a condition', async () => {
    await call('POST', '?project=p', { name: 'patched', labels: { a: '1', b: '2' } })
    const change = { labels: { a: null, c: '3' }, versioning: { enabled: true } }
    const patched = jsonOf(await call('PATCH', '/patched?ifMetagenerationMatch=1', change))
    expect(patched).toMatchObject({
      metageneration: '2',
      labels: { b: '2', c: '3' },
      versioning: { enabled: true },
    })
    expect(patched.labels).not.toHaveProperty('a')
    const stale = await call('PATCH', '/patched?ifMetagenerationMatch=1', {})
    expect(reasonOf(stale)).toEqual([412, 'conditionNotMet'])
    expect((await call('GET', '/patched?ifMetagenerationNotMatch=2')).status).toBe(304)
    expect(reasonOf(await call('PATCH', '/patched', { location: 'ASIA' }))).toEqual([
      400,
      'invalid',
    ])
    const updated = jsonOf(await call('PUT', '/patched', { labels: { d: '4' } }))
    expect(updated).toMatchObject({ metageneration: '3', labels: { d: '4' } })
    expect(updated).not.toHaveProperty('versioning')
  })

  it('is removed only when it is empty', async () => {
    await call('POST', '?project=p', { name: 'full' })
    await harness.put('full', 'a', 'x')
    expect(reasonOf(await call('DELETE', '/full'))).toEqual([409, 'conflict'])
    await call('DELETE', '/full/o/a')
    expect((await call('DELETE', '/full')).status).toBe(204)
    expect(reasonOf(await call('DELETE', '/full'))).toEqual([404, 'notFound'])
  })

  it('keeps objects by its retention policy, which can be locked', async () => {
    await call('POST', '?project=p', { name: 'kept', retentionPolicy: { retentionPeriod: '3600' } })
    await harness.put('kept', 'a', 'x')
    expect(reasonOf(await call('DELETE', '/kept/o/a'))).toEqual([403, 'retentionPolicyNotMet'])
    expect(reasonOf(await call('POST', '/kept/lockRetentionPolicy'))).toEqual([400, 'required'])
    const locked = await call('POST', '/kept/lockRetentionPolicy?ifMetagenerationMatch=1')
    expect(jsonOf(locked).retentionPolicy.isLocked).toBe(true)
    const shorter = await call('PATCH', '/kept', { retentionPolicy: { retentionPeriod: '60' } })
    expect(reasonOf(shorter)).toEqual([403, 'forbidden'])
    expect(reasonOf(await call('PATCH', '/kept', { retentionPolicy: null }))).toEqual([
      403,
      'forbidden',
    ])
    const zero = { name: 'zero', retentionPolicy: { retentionPeriod: '0' } }
    expect(reasonOf(await call('POST', '?project=p', zero))).toEqual([400, 'invalid'])
  })

  it('holds new objects by default where it says so', async () => {
    await call('POST', '?project=p', { name: 'holding', defaultEventBasedHold: true })
    expect(await harness.put('holding', 'a', 'x')).toMatchObject({ eventBasedHold: true })
    expect(reasonOf(await call('DELETE', '/holding/o/a'))).toEqual([403, 'objectUnderActiveHold'])
  })

  it('is listed in pages, and tests permissions', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await call('POST', '?project=p', { name })
    const first = jsonOf(
      await call('GET', '?project=p&prefix=page-&maxResults=2&fields=items(name),nextPageToken'),
    )
    expect(first.items).toEqual([{ name: 'page-1' }, { name: 'page-2' }])
    const rest = jsonOf(
      await call('GET', `?project=p&prefix=page-&pageToken=${first.nextPageToken}`),
    )
    expect(rest.items).toHaveLength(1)
    expect(rest).not.toHaveProperty('nextPageToken')
    expect(reasonOf(await call('GET', ''))).toEqual([400, 'required'])
    const tested = await call('GET', '/page-1/iam/testPermissions?permissions=a&permissions=b')
    expect(jsonOf(tested).permissions).toEqual(['a', 'b'])
  })
})

describe('a listing', () => {
  const names = ['a/', 'a/1', 'a/b/2', 'b', 'é', '\u{1f600}', '｡', 'z']

  beforeAll(async () => {
    await call('POST', '?project=p', { name: 'listed' })
    for (const name of names) await harness.put('listed', name, name)
  })

  async function list(query: Record<string, string>) {
    const listing = jsonOf(await call('GET', `/listed/o?${new URLSearchParams(query)}`))
    const items = (listing.items ?? []).map((item: { name: string }) => item.name)
    return { items, prefixes: listing.prefixes, next: listing.nextPageToken }
  }

  it('is in the order of UTF-8 bytes', async () => {
    const { items } = await list({})
    expect(items).toEqual(['a/', 'a/1', 'a/b/2', 'b', 'z', 'é', '｡', '\u{1f600}'])
  })

  it('cuts by prefix, delimiter and offsets', async () => {
    expect(await list({ prefix: 'a/', delimiter: '/' })).toMatchObject({
      items: ['a/', 'a/1'],
      prefixes: ['a/b/'],
    })
    const trailing = await list({ delimiter: '/', includeTrailingDelimiter: 'true' })
    expect(trailing).toMatchObject({
      items: ['a/', 'b', 'z', 'é', '｡', '\u{1f600}'],
      prefixes: ['a/'],
    })
    expect((await list({ startOffset: 'a/1', endOffset: 'z' })).items).toEqual([
      'a/1',
      'a/b/2',
      'b',
    ])
    expect((await list({ prefix: 'nothing' })).items).toEqual([])
  })

  it.each(['1', '2', '3'])('gives the same in pages of %s', async (maxResults) => {
    const items: string[] = []
    const prefixes: string[] = []
    let pageToken = ''
    do {
      const query = pageToken === '' ? {} : { pageToken }
      const page = await list({ delimiter: '/', maxResults, ...query })
      expect(page.items.length + (page.prefixes ?? []).length).toBeLessThanOrEqual(
        Number(maxResults),
      )
      items.push(...page.items)
      prefixes.push(...(page.prefixes ?? []))
      pageToken = page.next ?? ''
    } while (pageToken !== '')
    expect([items, prefixes]).toEqual([['b', 'z', 'é', '｡', '\u{1f600}'], ['a/']])
  })

  it('refuses page sizes and tokens that are none', async () => {
    expect(reasonOf(await call('GET', '/listed/o?maxResults=0'))).toEqual([400, 'invalid'])
    expect(reasonOf(await call('GET', '/listed/o?maxResults=x'))).toEqual([400, 'invalid'])
    expect(reasonOf(await call('GET', '/listed/o?pageToken=x'))).toEqual([400, 'invalid'])
  })
})
