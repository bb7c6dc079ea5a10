// XML as stores speak it: what is written comes back as it was, and what is no XML is not taken for it.

import { describe, expect, test } from 'vitest'
import { documentOf, element, elementsAmong, elementsOf, rootOf, textOf } from '#shared/wire/xml.ts'

describe('text', () => {
  test.each([
    '&<>"\'',
    '&amp;lt;',
    ' spaces at both ends ',
    '\u{1f600} ü \u0085 \u2028',
    ']]>',
    '</Key><Key>other',
    'a\rb',
    '',
  ])('%j is read as it was written', (text) => {
    const xml = documentOf('Root', 'urn:of:"tests"', [element('Key', text), element('Other', 'x')])
    expect(textOf(xml, 'Key')).toBe(text)
    expect(textOf(xml, 'Other')).toBe('x')
  })

  test('is unescaped by number and by name, and left alone where there is no such character', () => {
    expect(textOf('<a>&#x1F600;&#252;&quot;&apos;</a>', 'a')).toBe('\u{1f600}ü"\'')
    expect(textOf('<a>&#x110000;&constructor;&nbsp;&</a>', 'a')).toBe(
      '&#x110000;&constructor;&nbsp;&',
    )
  })
})

describe('elements', () => {
  test('are found by their whole name, with attributes, closed at once, or not at all', () => {
    const xml = '<R><Keys>no</Keys><Key xsi:type="a">one</Key><Key/><Key >two</Key ></R>'
    expect(elementsOf(xml, 'Key')).toEqual(['one', '', 'two'])
    expect(textOf(xml, 'Ke')).toBeUndefined()
  })

  test('of several names stand in their order', () => {
    const xml = '<R><A>1</A><B>2</B><AB>3</AB><A/></R>'
    expect(elementsAmong(xml, ['A', 'B'])).toEqual([
      { name: 'A', inside: '1' },
      { name: 'B', inside: '2' },
      { name: 'A', inside: '' },
    ])
  })

  test('without content are not written', () => {
    expect(element('A', [element('B', undefined), element('C', '')]).xml).toBe('<A><C></C></A>')
  })
})

test.each([
  ['<?xml version="1.0"?>\n<Error/>', 'Error'],
  ['  \n <?xml version="1.0"?> <Result xmlns="x">', 'Result'],
  ['   ', undefined],
  ['', undefined],
  ['<!DOCTYPE html><html></html>', undefined],
  ['{"an":"answer"}', undefined],
])('the root of %j is %s', (xml, root) => {
  expect(rootOf(xml)).toBe(root)
})
