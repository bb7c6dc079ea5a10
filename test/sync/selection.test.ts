// Which objects a run is about: patterns as rclone reads them, sizes and ages.

import { describe, expect, test } from 'vitest'
import { namesFrom, readPattern, selects } from '#shared/sync/selection.ts'
import { readAge, readBytes } from '../../functions/node/commands/measures.ts'

const object = (key: string, size = 1, at = 0) => {
  return { key, size, etag: 'e', modified: new Date(at) }
}

describe('a pattern', () => {
  test.each([
    ['*.jpg', ['a.jpg', 'b/c.jpg', '.jpg'], ['a.jpeg', 'jpg', 'a.jpg/b', 'aXjpg']],
    ['/*.jpg', ['a.jpg'], ['b/c.jpg']],
    ['/b/**', ['b/c', 'b/c/d'], ['b', 'a/b/c']],
    ['b/', ['b/c', 'a/b/c/d'], ['b', 'ab/c']],
    ['a?c', ['abc', 'x/a😀c'], ['a/c', 'ac']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[!a]x', ['bx'], ['ax']],
    ['*.{jpg,png}', ['a.jpg', 'a.png'], ['a.gif', 'a.{jpg,png}']],
    ['a,b', ['a,b'], ['a', 'b']],
    ['a\\*', ['a*'], ['ab']],
    ['(a+)$', ['(a+)$'], ['aa']],
    ['**', ['a', 'a/b', 'a\nb'], []],
  ])('%s', (text, matching, others) => {
    const pattern = readPattern(text)
    expect(matching.filter((key) => !pattern.test(key))).toEqual([])
    expect(others.filter((key) => pattern.test(key))).toEqual([])
  })

  test.each(['[', '{a', '[z-a]'])('%s is none', (text) => {
    expect(() => readPattern(text)).toThrow(`"${text}" is no pattern`)
  })
})

test('what is excluded stays out, and what is included leaves out the rest', () => {
  const chosen = (include?: string[], exclude?: string[]) => {
    const selection = { names: namesFrom(include, exclude) }
    return ['a.jpg', 'b.jpg', 'c.txt'].filter((key) => selects(selection, object(key)))
  }
  expect(chosen()).toEqual(['a.jpg', 'b.jpg', 'c.txt'])
  expect(chosen(['*.jpg'])).toEqual(['a.jpg', 'b.jpg'])
  expect(chosen(['*.jpg'], ['a*'])).toEqual(['b.jpg'])
  expect(chosen(undefined, ['*.jpg'])).toEqual(['c.txt'])
})

test('sizes and ages are bounds that still belong', () => {
  const selection = { names: [], minBytes: 2, maxBytes: 3, since: 10, until: 20 }
  expect([1, 2, 3, 4].filter((size) => selects(selection, object('k', size, 15)))).toEqual([2, 3])
  expect([9, 10, 20, 21].filter((at) => selects(selection, object('k', 2, at)))).toEqual([10, 20])
})

test('the state of a store that lies within is nobody’s object', () => {
  const chosen = ['.skein/a', 'x/.skein/b', 'x.skein/c'].filter((key) =>
    selects({ names: [] }, object(key)),
  )
  expect(chosen).toEqual(['x.skein/c'])
})

test('sizes and ages are read as people write them', () => {
  const sizes = ['100', '16k', '1.5G', '2MiB', '3kb'].map((text) => readBytes(text, '--size'))
  expect(sizes).toEqual([100, 16_384, 1.5 * 2 ** 30, 2 * 2 ** 20, 3072])
  const now = Date.parse('2026-03-01T00:00:00Z')
  const ages = ['90s', '1h30m', '7d', '2026-02-01'].map((text) => readAge(text, '--age', now))
  expect(ages.map((age) => (now - age) / 1000)).toEqual([90, 5400, 604_800, 28 * 86_400])
  for (const text of ['', 'k', '1x', '-1'])
    expect(() => readBytes(text, '--size')).toThrow('--size')
  for (const text of ['', '7', '7d!', 'soon']) {
    expect(() => readAge(text, '--age', now)).toThrow('--age')
  }
})
