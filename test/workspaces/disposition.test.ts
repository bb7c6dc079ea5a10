// Content-Disposition: RFC 6266's and RFC 8187's own examples, and what must not get through.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentDisposition } from '#shared/workspaces/disposition.ts'
import { seeded } from '../seeds.ts'

test.each([
  ['attachment', undefined, 'attachment'],
  ['inline', undefined, 'inline'],
  [undefined, undefined, undefined],
  [undefined, '', undefined],
  [undefined, 'example.html', 'attachment; filename="example.html"'],
  ['inline', 'an example.html', 'inline; filename="an example.html"'],
  // RFC 6266, section 5: the pound and euro signs of its last example.
  ['attachment', '€ rates', `attachment; filename="_ rates"; filename*=UTF-8''%E2%82%AC%20rates`],
  // RFC 8187, section 3.2.3.
  [
    'attachment',
    '£ and € rates',
    `attachment; filename="_ and _ rates"; filename*=UTF-8''%C2%A3%20and%20%E2%82%AC%20rates`,
  ],
  ['attachment', 'say "hi"\\now', 'attachment; filename="say \\"hi\\"\\\\now"'],
  // An escape in quotes is read as one by some browsers.
  ['attachment', '50%41.txt', `attachment; filename="50_41.txt"; filename*=UTF-8''50%2541.txt`],
  [
    'attachment',
    "it's (1)*é",
    `attachment; filename="it's (1)*_"; filename*=UTF-8''it%27s%20%281%29%2A%C3%A9`,
  ],
  ['attachment', '😀', `attachment; filename="_"; filename*=UTF-8''%F0%9F%98%80`],
  ['attachment', 'a\r\nset-cookie: b', 'attachment; filename="a__set-cookie: b"'],
  ['attachment; filename="own"', undefined, 'attachment; filename="own"'],
] as const)('%s with the name %j is %s', (disposition, filename, expected) => {
  expect(contentDisposition(disposition, filename)).toBe(expected)
})

test('a whole header has its own name', () => {
  expect(() => contentDisposition('attachment; filename="a"', 'b')).toThrow(/has its own/)
})

test('any name becomes one header line that says the name', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (filename) => {
      const value = contentDisposition('attachment', filename) ?? ''
      expect(value).toMatch(
        /^attachment; filename="(?:[^"\\]|\\.)*"(?:; filename\*=UTF-8''[\w.~%!#$&+^`|-]*)?$/,
      )
      expect(value).toMatch(/^[\x20-\x7e]*$/)
      const extended = /filename\*=UTF-8''(.*)$/.exec(value)?.[1]
      const quoted = /filename="((?:[^"\\]|\\.)*)"/.exec(value)?.[1]?.replace(/\\(.)/g, '$1')
      const name = extended === undefined ? quoted : decodeURIComponent(extended)
      // eslint-disable-next-line no-control-regex
      expect(name).toBe(filename.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f]/g, '_'))
    }),
    seeded(),
  )
})
