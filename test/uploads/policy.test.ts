// Rules refuse before anything is signed, and say which rule, what was asked, and what would be allowed.

import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { UploadRequest } from '#shared/client/protocol.ts'
import type { Principal } from '#shared/access/principal.ts'
import { compilePattern } from '#shared/uploads/key-patterns.ts'
import type { UploadRules } from '#shared/uploads/rules.ts'
import { openFolders } from '../harness/folders.ts'
import { seeded } from '../seeds.ts'
import { bytesOf, checksumOf } from '../suites/storage/content.ts'
import { everybody, openerOf } from './workspace.ts'

const MiB = 1024 * 1024

const folders = await openFolders()
afterAll(() => folders.close())
const { open } = openerOf(folders.description)

const ok: UploadRequest = { key: 'a/b.png', size: 100, contentType: 'image/png' }

type Refusal = [Partial<UploadRules>, Partial<UploadRequest>, string, string]

const REFUSALS: Refusal[] = [
  [{ types: ['image/*'] }, { contentType: 'text/html' }, 'types', '"text/html" is not allowed'],
  [{ types: ['image/*'] }, { contentType: 'imagex/png' }, 'types', 'types are image/*'],
  [{ types: ['image/png'] }, { contentType: undefined }, 'types', 'without a type'],
  [{ types: ['image/*'] }, { contentType: 'image/png, text/html' }, 'types', 'is not allowed'],
  [{ types: ['image/*'] }, { contentType: 'image/png;a=b,text/html' }, 'types', 'is not allowed'],
  [{ types: ['image/*'] }, { contentType: 'image/png text/html' }, 'types', 'is not allowed'],
  [{ types: ['*'] }, { contentType: 'nothing' }, 'types', 'is not allowed'],
  [{ minBytes: 101 }, {}, 'size', '101 is the least'],
  [{ maxBytes: 99 }, {}, 'size', '99 is the most'],
  [{ keys: ['b/*', '*.png'] }, {}, 'keys', 'keys look like b/*, *.png'],
  [{ keys: ['users/{sub}/**'] }, { key: 'users/x/y' }, 'keys', 'has no usable sub'],
  [{ maxExpirySeconds: 60 }, { expiresInSeconds: 61 }, 'expiry', '60 is the most'],
  [{ maxParts: 2 }, { size: 11 * 5000 * MiB, method: 'parts' }, 'maxParts', '2 parts are the most'],
  [{ classes: ['COLD'] }, { storageClass: 'HOT' }, 'classes', 'classes are COLD'],
  [{ requireChecksum: ['sha256'] }, {}, 'requireChecksum', 'one of sha256; there is none'],
  [
    { requireChecksum: ['sha256'] },
    { checksum: checksumOf('md5', bytesOf(100)) },
    'requireChecksum',
    'md5 is none of them',
  ],
  [{}, { metadata: { skein_upload: 'x' } }, 'metadata', 'skein_'],
]

describe('a policy', () => {
  it.each(REFUSALS)('%j refuses %j by its rule %s', async (rules, changed, rule, sentence) => {
    const { uploads } = open({ rules })
    const planned = uploads.plan(everybody, { ...ok, ...changed })
    await expect(planned).rejects.toMatchObject({
      name: 'RuleError',
      rule,
      message: expect.stringContaining(sentence),
    })
  })

  it.each<[Partial<UploadRequest>, string]>([
    [{ size: -1 }, 'invalid'],
    [{ size: 1.5 }, 'invalid'],
    [{ key: '../x' }, 'invalid'],
    [{ key: '.skein/uploads/x' }, 'invalid'],
    [{ key: '' }, 'invalid'],
    [{ expiresInSeconds: 0 }, 'invalid'],
    [{ expiresInSeconds: 1.5 }, 'invalid'],
    [{ checksum: { algorithm: 'md5', value: 'AAAA' } }, 'invalid'],
    [{ checksum: { algorithm: 'crc32', value: 'AAAA====' } }, 'invalid'],
    [{ metadata: { 'Not-A-Name': 'x' } }, 'invalid'],
    [{ storageClass: 'COLD' }, 'unsupported'],
    [{ method: 'form' }, 'unsupported'],
    [{ method: 'resumable' }, 'unsupported'],
    [{ size: 0, method: 'parts' }, 'unsupported'],
    [{ size: undefined }, 'invalid'],
  ])('%j is refused, whatever the rules, as %s', async (changed, kind) => {
    const { uploads } = open()
    await expect(uploads.plan(everybody, { ...ok, ...changed })).rejects.toMatchObject({ kind })
  })

  it('allows what it allows', async () => {
    const rules: Partial<UploadRules> = {
      types: ['image/*', 'text/plain'],
      minBytes: 100,
      maxBytes: 100,
      keys: ['users/{sub}/**'],
      maxExpirySeconds: 60,
      requireChecksum: ['md5', 'sha256'],
    }
    const { uploads } = open({ rules })
    const who: Principal = { ...everybody, prefix: 'users/a.*/', claims: { sub: 'a.*' } }
    const checksum = checksumOf('md5', bytesOf(100))
    for (const contentType of ['image/PNG', 'text/plain; charset=utf-8']) {
      const asked = { ...ok, contentType, key: 'users/a.*/x/y', checksum, expiresInSeconds: 60 }
      expect(await uploads.plan(who, asked)).toMatchObject({ method: 'put' })
    }
  })

  it('never overwrites where the workspace says so, whatever is asked', async () => {
    const { uploads } = open({ rules: { onlyIfAbsent: true } })
    const plan = await uploads.plan(everybody, { ...ok, ifAbsent: false })
    expect(plan.enforced.overwrite).toBe('signed')
  })

  it('cuts into no more parts than are allowed, of one size each but the last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 500 * MiB }),
        fc.integer({ min: 1, max: 40 }),
        async (size, maxParts) => {
          const { uploads } = open({ rules: { maxParts } })
          const items = await uploads.batch(everybody, [{ key: 'k', size, method: 'parts' }])
          const [item] = items
          if (!item || !('plan' in item)) throw new Error('it is planned')
          const { parts } = await uploads.parts(everybody, item.plan.id, {})
          expect(parts.count).toBeLessThanOrEqual(maxParts)
          expect(parts.requests.map((part) => part.offset)).toEqual(
            Array.from({ length: parts.count }, (_, i) => i * parts.size),
          )
          expect(parts.requests.reduce((sum, part) => sum + part.size, 0)).toBe(size)
          await uploads.abort(everybody, item.plan.id)
        },
      ),
      { ...seeded(), numRuns: 25 },
    )
  })

  it('keeps to the size of parts that is set, where it is enough', async () => {
    const transfer = { partSizeBytes: 300_000 }
    const { uploads } = open({ options: { transfer } })
    const plan = await uploads.plan(everybody, { key: 'k', size: 1_000_000, method: 'parts' })
    expect(plan.parts).toMatchObject({ size: 300_000, count: 4 })
    const of = uploads.parts(everybody, plan.id, {
      checksums: { '01': checksumOf('md5', bytesOf(1)) },
    })
    await expect(of).rejects.toMatchObject({ kind: 'invalid' })
    await uploads.abort(everybody, plan.id)
  })

  it('signs no more parts of unknown size than so many bytes can need', async () => {
    const options = { capabilities: { multipart: { minPartBytes: 5 * MiB } } }
    const { uploads } = open({ rules: { maxBytes: 12 * MiB }, options })
    const asked = { key: 'k', method: 'parts' } as const
    const { id } = await uploads.plan(everybody, asked)
    const sign = (partNumber: number) => uploads.parts(everybody, id, { partNumbers: [partNumber] })
    expect((await sign(3)).parts.requests).toHaveLength(1)
    await expect(sign(4)).rejects.toMatchObject({ kind: 'invalid' })
    await uploads.abort(everybody, id)
  })

  it('refuses a class that the store has not, staged or straight', async () => {
    for (const rules of [{}, { staging: 'always' }] as const) {
      const planned = open({ rules }).uploads.plan(everybody, { ...ok, storageClass: 'ODD' })
      await expect(planned).rejects.toMatchObject({ kind: 'unsupported' })
    }
  })

  it('refuses a batch of more than a thousand', async () => {
    const { uploads } = open()
    const many = Array.from({ length: 1001 }, (_, i) => ({ key: `k${i}`, size: 1 }))
    await expect(uploads.batch(everybody, many)).rejects.toMatchObject({ rule: 'batch' })
    const items = await uploads.batch(everybody, many.slice(1))
    expect(items.filter((item) => 'plan' in item)).toHaveLength(1000)
  })

  it('says what can be redirected to, and refuses the rest', async () => {
    const { uploads } = open()
    const bare = { bare: true }
    const plan = await uploads.plan(everybody, ok, bare)
    expect(Object.keys(plan.request!.headers).toSorted()).toEqual([
      'content-length',
      'content-type',
    ])
    const refused: Partial<UploadRequest>[] = [
      { ifAbsent: true },
      { metadata: { a: 'b' } },
      { cacheControl: 'no-store' },
      { size: 100 * MiB },
      { checksum: checksumOf('md5', bytesOf(100)) },
    ]
    for (const more of refused) {
      const planned = uploads.plan(everybody, { ...ok, ...more }, bare)
      await expect(planned).rejects.toMatchObject({ kind: 'unsupported' })
    }
  })
})

describe('a key pattern', () => {
  const alphabet = ['a', 'b', '/', '.', '*', '(', '\\', 'ü', '😀']
  const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((one) => one.join(''))
  const piece = fc.oneof(
    fc.constantFrom('*', '**', '{sub}'),
    text.map((one) => one.replaceAll('*', '')),
  )

  it('matches as the regular expression that it stands for', () => {
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    const sub = text.filter((one) => one !== '' && !one.includes('/'))
    fc.assert(
      fc.property(pattern, text, sub, (written, key, claim) => {
        const expected = toRegExp(written, claim).test(key)
        expect(compilePattern(written).matches(key, { sub: claim })).toBe(expected)
      }),
      seeded(),
    )
  })

  it.each(['', 'a/b', '../x/', '/'])('takes the claim %j for none', (sub) => {
    const pattern = compilePattern('users/{sub}/*')
    expect(pattern.matches(`users/${sub}/x`, { sub })).toBe(false)
  })

  it('knows no claim by a name that every object has', () => {
    expect(compilePattern('{constructor}/*').matches('x/y', {})).toBe(false)
    expect(compilePattern('{sub}/*').matches('undefined/y', {})).toBe(false)
  })

  it('is as quick on a key made to be slow', () => {
    const pattern = compilePattern(`${'**a'.repeat(20)}b`)
    const key = 'a'.repeat(1024)
    expect(pattern.matches(key, {})).toBe(false)
    expect(pattern.matches(`${key}b`, {})).toBe(true)
  })
})

function toRegExp(written: string, claim: string): RegExp {
  const literal = (one: string) => one.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
  const source = written
    .split(/(\*\*|\*|\{sub\})/)
    .map((one) => {
      if (one === '**') return '.*'
      if (one === '*') return '[^/]*'
      return one === '{sub}' ? literal(claim) : literal(one)
    })
    .join('')
  return new RegExp(`^${source}$`, 'su')
}
