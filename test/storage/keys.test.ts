import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkKey, compareUtf8, keyProblem, quoteKey } from '#shared/storage/keys.ts'
import { decodeMetadataValue, encodeMetadataValue } from '#shared/storage/metadata.ts'
import { seeded } from '../seeds.ts'

describe('keys', () => {
  test.each([
    'a',
    'a+b c/ü%25?.txt',
    '😀/é',
    'trailing/',
    '%2F',
    '//',
    '/leading',
    '.hidden',
    'a/..b/c..',
    '...',
    'é'.repeat(512),
  ])('%j may be', (key) => {
    expect(keyProblem(key)).toBeUndefined()
  })

  test.each([
    ['', 'it is empty'],
    ['a\nb', 'a control character'],
    ['a\u0000', 'a control character'],
    ['.', 'a segment'],
    ['a/../b', 'a segment'],
    ['./a', 'a segment'],
    ['a/..', 'a segment'],
    ['\ud800', 'half a surrogate pair'],
    ['é'.repeat(513), 'it is 1026 bytes long and 1024 are the most here'],
  ])('%j may not', (key, problem) => {
    expect(keyProblem(key)).toContain(problem)
  })

  test('the reserved prefix is Skein’s own', () => {
    expect(() => checkKey('.skein/x', 'photos')).toThrow(
      'kept for Skein’s own state'.replace('’', "'"),
    )
    expect(() => checkKey('.skein/x', 'photos', undefined, true)).not.toThrow()
    expect(() => checkKey('.skeins', 'photos')).not.toThrow()
  })

  test('a key in a message cannot move a terminal’s cursor', () => {
    expect(quoteKey('a\u001b[2J\u009b')).toBe('"a\\u001b[2J\\u009b"')
  })

  test('the order is that of UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        fc.pre(a.isWellFormed() && b.isWellFormed())
        expect(Math.sign(compareUtf8(a, b))).toBe(
          Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
        )
      }),
      seeded(),
    )
  })
})

test('metadata values come back from a header as they were', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const encoded = encodeMetadataValue(value)
      expect(encoded).toMatch(/^[\x20-\x7e]*$/)
      expect(decodeMetadataValue(encoded)).toBe(value)
    }),
    seeded(),
  )
})

test('words that a provider encoded by itself are read too', () => {
  expect(decodeMetadataValue('=?UTF-8?Q?caf=C3=A9_au_lait?=')).toBe('café au lait')
  expect(decodeMetadataValue('=?UTF-8?B?w6k=?= =?UTF-8?B?w6k=?=')).toBe('éé')
})
