// Keys and blob names: reversible for every key, untouched for nearly all, and faithful to prefixes.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isStorageError } from '#shared/storage/errors.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import { toBlobName, toKey, toNamePrefix } from '#shared/storage/providers/azure/names.ts'

const seed = Math.trunc(Math.random() * 2 ** 31)
const awkward = fc.constantFrom(
  '.',
  '..',
  '/',
  '\\',
  '\u201b',
  '005C',
  'a',
  '\u0085',
  '\uffff',
  '😀',
)
const keys = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.array(awkward, { minLength: 1, maxLength: 12 }).map((parts) => parts.join('')),
  )
  .filter((key) => keyProblem(key) === undefined)

describe('names', () => {
  it(`come back as the key they were made from (seed ${seed})`, () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(toKey(toBlobName(key))).toBe(key)
      }),
      { seed, numRuns: 2000 },
    )
  })

  it(`hold nothing that Azure would change (seed ${seed})`, () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(toBlobName(key)).not.toMatch(/[\\\u0080-\u009f\ufffe\uffff]|\.(\/|$)/)
      }),
      { seed, numRuns: 2000 },
    )
  })

  it(`begin with the prefix of every prefix of their key (seed ${seed})`, () => {
    fc.assert(
      fc.property(keys, fc.nat(), (key, n) => {
        const prefix = key.slice(0, n % (key.length + 1))
        expect(toBlobName(key).startsWith(toNamePrefix(prefix))).toBe(true)
      }),
      { seed, numRuns: 5000 },
    )
  })

  it.each(['a/b.txt', '/a//b/', '.hidden', 'a.b/c', 'é/ü 1+2%3', 'dir/'])(
    'leave %s alone',
    (key) => {
      expect(toBlobName(key)).toBe(key)
    },
  )

  it.each([
    ['a.', 'a\u201b002E'],
    ['a...', 'a..\u201b002E'],
    ['a./b', 'a\u201b002E/b'],
    ['a\\b', 'a\u201b005Cb'],
    ['\u201b005C', '\u201b201B005C'],
  ])('escape %s', (key, name) => {
    expect(toBlobName(key)).toBe(name)
  })

  it('have at most 254 segments', () => {
    const key = Array.from({ length: 300 }, () => 'a').join('/')
    expect(toBlobName(key).split('/').length).toBe(254)
    expect(toKey(toBlobName(key))).toBe(key)
  })

  it('that would be longer than Azure takes are refused', () => {
    expect(() => toBlobName('\\'.repeat(1000))).toThrow(/5000 characters/)
    expect(() => toBlobName('\\'.repeat(1000))).toSatisfy((run: () => string) => {
      try {
        run()
        return false
      } catch (error) {
        return isStorageError(error, 'invalid')
      }
    })
  })
})
