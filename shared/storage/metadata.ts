// Metadata that every provider can hold: names as Azure demands them, at most 2 KB in all unless a store
// is known to take more, values of any text without control characters. Where a wire carries metadata in
// headers, a value that is not plain ASCII travels as an RFC 2047 word and comes back as it was.

import { Buffer } from 'node:buffer'
import { StorageError } from './errors.ts'

const NAME = /^[a-z_][a-z0-9_]*$/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/
/** Most values; and much quicker to see than the next. */
const NO_SPACE = /^[\x21-\x7e]+$/
const HEADER_SAFE = /^(?! )(?!.*  )[\x20-\x7e]*(?<! )$/
const ENCODED_WORD = /=\?utf-8\?([bq])\?([^?]*)\?=/gi

export interface MetadataLimits {
  maxBytes: number
  maxPairs: number
}

/** Throws `invalid` or `too-large` for metadata that cannot travel between stores. */
export function checkMetadata(
  metadata: Record<string, string>,
  limits: MetadataLimits,
  store: string,
  key: string,
): void {
  const names = Object.keys(metadata)
  let bytes = 0
  for (const name of names) {
    const value = metadata[name] ?? ''
    const problem = pairProblem(name, value)
    if (problem) throw new StorageError('invalid', problem, { store, key })
    bytes += name.length + encodeMetadataValue(value).length
  }
  if (bytes > limits.maxBytes || names.length > limits.maxPairs) {
    throw new StorageError(
      'too-large',
      `The metadata is ${bytes} bytes in ${names.length} pairs; ${store} takes ${limits.maxBytes} bytes in ${limits.maxPairs} pairs.`,
      { store, key },
    )
  }
}

function pairProblem(name: string, value: string): string | undefined {
  if (!NAME.test(name)) {
    return `The metadata name ${JSON.stringify(name)} cannot travel: use lower-case letters, digits and _, and no digit first.`
  }
  if (CONTROL.test(value) || !value.isWellFormed()) {
    return `The metadata value of ${name} holds a control character or half a surrogate pair.`
  }
  return undefined
}

/** The value as a header can carry it: ASCII alone. */
export function encodeMetadataValue(value: string): string {
  if ((NO_SPACE.test(value) || HEADER_SAFE.test(value)) && !value.includes('=?')) return value
  return `=?UTF-8?B?${Buffer.from(value, 'utf8').toString('base64')}?=`
}

/** The value as it was before a header carried it; S3 and R2 also encode by themselves, in several words. */
export function decodeMetadataValue(value: string): string {
  if (!value.includes('=?')) return value
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(ENCODED_WORD, (_, encoding: string, text: string) => {
      const bytes =
        encoding.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : decodeQuotedPrintable(text)
      return bytes.toString('utf8')
    })
}

function decodeQuotedPrintable(text: string): Buffer {
  const raw = text.replace(/_/g, ' ').replace(/=([0-9a-f]{2})/gi, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return Buffer.from(raw, 'latin1')
}
