// Keys to paths and back: every key has one path, no two share one, and none leads elsewhere.

import { assert, constantFrom, property, array, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyProblem } from '#shared/storage/keys.ts'
import {
  besideName,
  isPathOf,
  keyToSteps,
  nameToMeaning,
} from '#shared/storage/providers/file/names.ts'
import { seeded } from '../seeds.ts'

const pathOf = (key: string) =>
  keyToSteps(key)
    .map(({ name }) => name)
    .join('/')

/** As a walk puts it together again. */
function keyOf(path: string): string {
  const names = path.split('/')
  return names
    .map((name, i) => {
      const { text, kind } = nameToMeaning(name)
      return kind === 'continued' || i === names.length - 1 ? text : `${text}/`
    })
    .join('')
}

const awkward = array(
  constantFrom(
    'a',
    '/',
    '_',
    '__0x',
    '__0x2f__',
    '__0x5f__',
    '0x',
    '.',
    'é',
    '\u{1f600}',
    '~',
    'b'.repeat(120),
  ),
  { minLength: 1, maxLength: 12 },
)
  .map((pieces) => pieces.join(''))
  .filter((key) => keyProblem(key) === undefined)

describe('keys', () => {
  it.each([
    ['photos/2026/cat.jpg', 'photos/2026/cat.jpg'],
    ['a b+c%2F?.txt', 'a b+c%2F?.txt'],
    ['.hidden/file', '.hidden/file'],
    ['a/', 'a/__0x2f__'],
    ['/a', '__0x2f__/a'],
    ['a//b', 'a/__0x2f__/b'],
    ['.skein/ledger', '__0x2e__skein/ledger'],
    ['.SKEIN/x', '__0x2e__SKEIN/x'],
    ['a/.skein/x', 'a/.skein/x'],
    ['x__0x2f__y', 'x__0x5f___0x2f__y'],
    ['é'.repeat(125), `${'é'.repeat(123)}__0x01__/éé`],
    [`${'b'.repeat(247)}.`, `${'b'.repeat(247)}__0x01__/__0x2e__`],
    [`${'b'.repeat(247)}..`, `${'b'.repeat(247)}__0x01__/__0x2e__.`],
  ])('%j is at %j', (key, path) => {
    expect(pathOf(key)).toBe(path)
    expect(keyOf(path)).toBe(key)
  })

  it('come back from their paths, and no name is longer than file systems take', () => {
    assert(
      property(awkward, (key) => {
        const steps = keyToSteps(key)
        expect(keyOf(pathOf(key))).toBe(key)
        expect(
          isPathOf(
            key,
            steps.map(({ name }) => name),
          ),
        ).toBe(true)
        for (const { name, key: own } of steps) {
          const longest = own === undefined ? name : besideName(name)
          expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(255)
          expect(['', '.', '..', '.skein']).not.toContain(name)
          expect(name).not.toContain('/')
        }
        expect(steps.at(-1)?.key).toBe(key)
      }),
      seeded(),
    )
  })

  it('of a step are the keys of the folders above', () => {
    const keys = keyToSteps(`a//${'b'.repeat(300)}/c`).map(({ key }) => key)
    expect(keys).toEqual(['a', 'a/', undefined, `a//${'b'.repeat(300)}`, `a//${'b'.repeat(300)}/c`])
  })
})

describe('names', () => {
  it('that no key would be given stand for none', () => {
    const name = stringMatching(/^[ab_0x25fe.]{1,20}$/).filter((one) => one !== '.' && one !== '..')
    assert(
      property(name, (one) => {
        const key = keyOf(one)
        const isOurs = isPathOf(key, [one])
        const isPlain = keyProblem(key) === undefined && pathOf(key) === one
        const isBeside = keyProblem(key) === undefined && besideName(pathOf(key)) === one
        expect(isOurs).toBe(isPlain || isBeside)
      }),
      seeded(),
    )
  })

  it.each(['x__0x41__', '__0x2f__x', 'a__0x5f__b', '.skein'])('%j is no object', (name) => {
    expect(isPathOf(keyOf(name), [name])).toBe(false)
  })
})
