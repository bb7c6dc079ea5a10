// What is done to something right so that it no longer is: to a text, to JSON, and keys that are trouble.

import type { Chance } from './chance.ts'

/** As JSON texts. */
export const JUNK_VALUES: readonly string[] = [
  ...['null', 'true', '-1', '0', '1e400', '-0', '1.5', '9007199254740993', '1e21', '""', '"a"'],
  ...['[]', '{}', '[null]', '[[[]]]', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":1}}'],
  ...['"\\ud800"', '"\\u0000"', '"\\r\\nx: y"', '"../../etc/passwd"', '"{sub}"', '"%00"', '"-"'],
  ...['{"length":1e9}', '{"toString":1}', '{"then":{}}', '"\u202e"', '"2020-02-30T00:00:00Z"'],
  `"${'a'.repeat(5000)}"`,
  `"${'€'.repeat(2000)}"`,
  `[${'0,'.repeat(3000)}0]`,
  `{${Array.from({ length: 500 }, (_, i) => `"k${i}":"v"`).join(',')}}`,
]

export const BAD_KEYS: readonly string[] = [
  ...[
    '',
    '.',
    '..',
    './a',
    'a/../b',
    '/a',
    '/',
    'a//b',
    '.skein/staging/x',
    '.skein',
    'a/.skein/b',
  ],
  ...[
    '\0',
    'a\0b',
    'a\nb',
    '\x7f',
    '\u0085',
    '\ud800',
    'a\udfff',
    '\ufeff',
    '\u202egnp',
    '𝒳'.repeat(300),
  ],
  ...[
    'a'.repeat(1024),
    'a'.repeat(1025),
    'a'.repeat(9000),
    `${'a/'.repeat(600)}b`,
    'con',
    'a ',
    ' a',
  ],
  ...[
    '%',
    '%zz',
    '%00',
    '%2e%2e%2f',
    'a?b',
    'a#b',
    'a\\b',
    '..\\a',
    'a:b',
    'C:\\x',
    '*',
    '{sub}',
    '~',
  ],
  ...['__proto__', 'constructor', 'fuzz/a.png/', 'FUZZ/A.PNG', '<script>', "' or 1=1", '${jndi:x}'],
]

/** The inside of a JSON string for this text. */
export function junkFor(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Cut, doubled, flipped, spliced, or drowned. */
export function damagedText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1)
  const end = at + chance.below(text.length - at + 1)
  const [before, middle, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)]
  return chance.pick([
    () => before,
    () => after,
    () => before + after,
    () => before + middle + middle + after,
    () => before + chance.bytes(1 + chance.below(8)) + after,
    () => before + flipped(chance, text.charAt(at)) + text.slice(at + 1),
    () => chance.bytes(chance.below(300)),
    () => '['.repeat(chance.below(60_000)),
    () => '{"a":'.repeat(chance.below(20_000)),
    () => `\ufeff${text}`,
    () => text + text,
    () => before + '\0' + middle + after,
    () => before + ' '.repeat(chance.below(chance.oneIn(10) ? 2_000_000 : 3000)) + after,
  ])()
}

function flipped(chance: Chance, character: string): string {
  return String.fromCharCode(character.charCodeAt(0) ^ (1 << chance.below(8)) || 1)
}

/** Still JSON, as a rule, of another shape: one value replaced, a name added, doubled or gone. */
export function damagedJson(chance: Chance, right: unknown): string {
  const junk = chance.pick(JUNK_VALUES)
  if (chance.oneIn(12)) return junk
  const text = JSON.stringify(right)
  const places = [...text.matchAll(/"(\w+)":("[^"]*"|[\d.]+|true|false|\{[^{}]*\}|\[[^[\]]*\])/g)]
  const place = chance.pick(places)
  const [whole, name = '', value = ''] = place
  const replaced = chance.pick([
    `"${name}":${junk}`,
    `"${name}":${value},"${name}":${junk}`,
    `"${chance.pick(['__proto__', 'unknown', name.toUpperCase(), '', `${name} `])}":${value}`,
    `"${name}":${value},"more":${junk}`,
    `"${name}":[${value}]`,
    `"${name}":null`,
  ])
  return text.slice(0, place.index) + replaced + text.slice(place.index + whole.length)
}
