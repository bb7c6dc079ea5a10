// SHA-256 and HMAC of our own against Node's, over every length of padding and any text and key.

import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hmac, hmacKey, sha256 } from '#shared/wire/sha256.ts'
import { seeded } from '../seeds.ts'

const ENCODINGS = ['hex', 'base64url'] as const

const nodes = (text: string, encoding: 'hex' | 'base64url') =>
  createHash('sha256').update(text, 'utf8').digest(encoding)

const nodesHmac = (key: string | Uint8Array, text: string, encoding: 'hex' | 'base64url') =>
  createHmac('sha256', key).update(text, 'utf8').digest(encoding)

/** Of plain letters, of any units with halves of surrogate pairs among them, and longer than the first room for them. */
const text = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }).map((units) => {
    return String.fromCharCode(...units)
  }),
  fc.string({ minLength: 1, maxLength: 9 }).map((some) => some.repeat(2000)),
)
const key = fc.oneof(fc.string({ maxLength: 100 }), fc.uint8Array({ maxLength: 200 }))

describe('SHA-256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('of %o is as published', (message, published) => {
    expect(sha256(message, 'hex')).toBe(published)
  })

  it('pads every length as Node does, whatever was digested before', () => {
    for (let length = 200; length >= 0; length--) {
      const message = 'x'.repeat(length)
      expect(sha256(message, 'hex'), `${length} bytes`).toBe(nodes(message, 'hex'))
    }
  })

  it('is Node’s for any text', () => {
    const found = fc.property(text, fc.constantFrom(...ENCODINGS), (message, encoding) => {
      expect(sha256(message, encoding)).toBe(nodes(message, encoding))
    })
    fc.assert(found, seeded())
  })
})

describe('HMAC', () => {
  it('is as published', () => {
    // https://www.rfc-editor.org/rfc/rfc4231, cases 2 and 6
    expect(hmac(hmacKey('Jefe'), 'what do ya want for nothing?', 'hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    const long = hmacKey(new Uint8Array(131).fill(0xaa))
    expect(hmac(long, 'Test Using Larger Than Block-Size Key - Hash Key First', 'hex')).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    )
  })

  it('is Node’s for any key and text, and a key serves again', () => {
    const found = fc.property(key, text, text, (secret, one, other) => {
      const made = hmacKey(secret)
      for (const encoding of ENCODINGS) {
        expect(hmac(made, one, encoding)).toBe(nodesHmac(secret, one, encoding))
        expect(hmac(made, other, encoding)).toBe(nodesHmac(secret, other, encoding))
      }
    })
    fc.assert(found, seeded())
  })
})
