import { expect, test } from 'vitest'
import { KINDS, makeCase } from './cases.ts'
import { chanceOf } from './chance.ts'

const TARGET = {
  workspace: 'demo',
  token: 'skein_token',
  ids: ['secret.cGF5bG9hZA.cHJvb2Y'],
  signed: ['/files/main?key=a&expires=1&signature=b'],
}
const NUMBERS = Array.from({ length: 500 }, (_, number) => number)

test('a case is the same again for the same seed and number, and another for another', () => {
  const bytes = (seed: number) => NUMBERS.map((n) => makeCase(chanceOf(seed, n), TARGET).bytes)
  expect(bytes(1)).toEqual(bytes(1))
  expect(bytes(1)).not.toEqual(bytes(2))
  expect(new Set(bytes(1)).size).toBeGreaterThan(400)
})

test('every kind of case is made, and only those that are no HTTP may go without an answer', () => {
  const cases = NUMBERS.map((number) => makeCase(chanceOf(1, number), TARGET))
  expect(new Set(cases.map(({ kind }) => kind))).toEqual(new Set(KINDS))
  expect(cases.every(({ kind, cut }) => cut === (kind === 'wire'))).toBe(true)
})

test('what must be answered is HTTP: it ends its head, sends what it promises, and asks to be closed', () => {
  const whole = NUMBERS.map((n) => makeCase(chanceOf(1, n), TARGET)).filter(({ cut }) => !cut)
  for (const { bytes } of whole) {
    const [head = '', ...rest] = bytes.split('\r\n\r\n')
    const promised = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
    expect(rest.join('\r\n\r\n')).toHaveLength(promised)
    expect(head).toMatch(/\r\nconnection: .*close/)
    expect(bytes).toMatch(/^[A-Z]+ \S+ HTTP\/1\.1\r\n/)
    expect(Buffer.from(bytes, 'latin1').toString('latin1')).toBe(bytes)
  }
})
