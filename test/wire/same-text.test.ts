// What is compared with a secret is the same as it, or not, whatever is in it.

import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { sameText } from '#shared/wire/same-text.ts'
import { seeded } from '../seeds.ts'

it('knows a text from every other', () => {
  const text = fc.string({ maxLength: 4 })
  const told = fc.property(text, text, (secret, brought) => {
    expect(sameText(secret, secret)).toBe(true)
    expect(sameText(secret, brought)).toBe(secret === brought)
  })
  fc.assert(told, seeded())
})

it('sees one character that is changed, lacking or too many', () => {
  const text = fc.string({ minLength: 1, maxLength: 60 })
  const seen = fc.property(text, fc.nat(), (secret, nth) => {
    const at = nth % secret.length
    const changed = secret.slice(0, at) + (secret[at] === 'x' ? 'y' : 'x') + secret.slice(at + 1)
    expect(sameText(secret, changed)).toBe(false)
    expect(sameText(secret, secret.slice(0, -1))).toBe(false)
    expect(sameText(secret, `${secret}x`)).toBe(false)
  })
  fc.assert(seen, seeded())
})
