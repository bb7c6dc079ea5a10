// What Uppy says of a file: keys that every store can hold and that begin where they may, metadata that can
// travel, and nothing that fails an upload.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Principal } from '#shared/access/principal.ts'
import { fitMetadata, keyFor, safeName } from '#shared/api/uppy-file.ts'
import { keyProblem, utf8Length } from '#shared/storage/keys.ts'
import { checkMetadata } from '#shared/storage/metadata.ts'
import { seeded } from '../seeds.ts'

const nobody: Principal = {
  name: 'app',
  workspaces: ['demo'],
  scopes: new Set(['upload']),
  prefix: '',
  claims: {},
}
const ann: Principal = { ...nobody, prefix: 'users/ann/', claims: { sub: 'ann' } }

/** Any at all: control characters and halves of pairs too. */
const texts = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x2ff }), fc.integer({ min: 0, max: 0x10ffff })))
  .map((points) => String.fromCodePoint(...points))

describe('a key', () => {
  it('is under the prefix, random, and ends in the name of the file', () => {
    const key = keyFor(ann, [], 'Ferien 2026.jpg')
    expect(key).toMatch(/^users\/ann\/[0-9a-f-]{36}-Ferien 2026\.jpg$/)
    expect(keyFor(ann, [], 'Ferien 2026.jpg')).not.toBe(key)
  })

  it('begins as a pattern of the workspace allows', () => {
    expect(keyFor(nobody, ['images/*.png'], 'a.png')).toMatch(/^images\/[0-9a-f-]{36}-a\.png$/)
    expect(keyFor(ann, ['users/{sub}/up/**'], 'a')).toMatch(/^users\/ann\/up\/[0-9a-f-]{36}-a$/)
  })

  it('passes over patterns that cannot be for this caller', () => {
    const patterns = ['teams/{team}/**', 'fixed.png', 'public/**', 'users/**']
    expect(keyFor(ann, patterns, 'a')).toMatch(/^users\/ann\/[0-9a-f-]{36}-a$/)
    expect(keyFor(nobody, patterns, 'a')).toMatch(/^public\/[0-9a-f-]{36}-a$/)
  })

  it('is one that every store can hold, whatever the file is called', () => {
    fc.assert(
      fc.property(texts, (name) => {
        const key = keyFor(ann, [], name)
        expect(keyProblem(key)).toBeUndefined()
        expect(key.startsWith('users/ann/')).toBe(true)
        expect(key.split('/')).toHaveLength(3)
        expect(utf8Length(safeName(name))).toBeLessThanOrEqual(200)
      }),
      seeded(),
    )
  })

  it('keeps no path, no traversal, and the extension of a long name', () => {
    expect(safeName('../../etc/passwd')).toBe('passwd')
    expect(safeName('C:\\pictures\\a.png')).toBe('a.png')
    expect(safeName('..')).toBe('file')
    expect(safeName('${filename}')).toBe('_filename_')
    expect(safeName(`${'ä'.repeat(300)}.jpeg`)).toMatch(/^ä{97}\.jpeg$/)
  })
})

describe('metadata', () => {
  it('is lower-cased and made of texts', () => {
    const given = { name: 'é.png', relativePath: 'a/b', 'Photo-Id': 7, '2nd': true }
    expect(fitMetadata(given)).toEqual({
      metadata: { name: 'é.png', relativepath: 'a/b', photo_id: '7', _2nd: 'true' },
      dropped: {},
    })
  })

  it('leaves out what cannot travel, and says why', () => {
    const given = {
      ...{ type: 'image/png', relativePath: null, absent: 'undefined', skein_upload: 'forged' },
      ...{ note: 'two\nlines', name: 'a', Name: 'b', long: 'x'.repeat(2000) },
    }
    const { metadata, dropped } = fitMetadata(given)
    expect(metadata).toEqual({ name: 'a' })
    expect(dropped).toEqual({
      type: 'the content type says it',
      relativePath: 'it is empty',
      absent: 'it is empty',
      skein_upload: 'the name is kept for Skein',
      note: 'it holds a control character',
      Name: 'another one has the same name in lower case',
      long: 'all of it is over 1024 bytes or 8 pairs',
    })
  })

  it('always fits every store', () => {
    const given = fc.dictionary(texts, fc.jsonValue())
    fc.assert(
      fc.property(given, (one) => {
        const { metadata } = fitMetadata(one)
        checkMetadata(metadata, { maxBytes: 1024, maxPairs: 8 }, 'store', 'key')
      }),
      seeded(),
    )
  })
})
