// Requests that are not even HTTP, or promise a body that never comes.

import type { Chance } from './chance.ts'
import { damagedText } from './damage.ts'

interface Broken {
  bytes: string
  cut: true
}

export function brokenHttp(chance: Chance, right: string): Broken {
  const [head = '', body = ''] = right.split('\r\n\r\n')
  const chunked = head.replace(/content-length: \d+/, 'transfer-encoding: chunked')
  const bytes = chance.pick([
    () => chance.bytes(1 + chance.below(500)),
    () => damagedText(chance, right),
    () => right.slice(0, chance.below(right.length)),
    () => right.replace(/content-length: (\d+)/, 'content-length: 1$1'),
    () => right.replace(/content-length: \d+/, 'content-length: -1'),
    () => right.replace(/content-length: (\d+)/, 'content-length: $1\r\ncontent-length: 1'),
    () => right.replace(/content-length/, 'transfer-encoding: chunked\r\ncontent-length'),
    () => `${chunked}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`,
    () => `${chunked}\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
    () => `${chunked}\r\n\r\nffffffffffffffff\r\n${body}`,
    () => `${chunked.replace('chunked', 'gzip, chunked')}\r\n\r\n0\r\n\r\n`,
    () =>
      right.replace('HTTP/1.1', chance.pick(['HTTP/1.0', 'HTTP/9.9', 'http/1.1', '', 'HTTP/2'])),
    () =>
      right.replace('POST', chance.pick(['post', 'P@ST', 'CONNECT', 'a'.repeat(9000), '', 'PRI'])),
    () =>
      right.replace(/ \/\S* /, chance.pick([' http://evil.example/v1 ', ' * ', ' ', ' \xff\xfe '])),
    () => right.replaceAll('\r\n', '\n'),
    () => right.replaceAll('\r\n', '\r'),
    () => right.replace('\r\n', '\r\n folded: yes\r\n'),
    () => right.replace('\r\n', '\r\nno colon here\r\n'),
    () => right.replace('\r\n', `\r\nx: ${'a'.repeat(20_000)}\r\n`),
    () => right.replace('\r\n', '\r\nx\0y: z\r\n'),
    () => right + right.slice(0, chance.below(right.length)),
    () => '\r\n'.repeat(chance.below(5000)) + right,
    () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])()
  return { bytes, cut: true }
}
