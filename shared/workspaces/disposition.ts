// Content-Disposition for a download, by RFC 6266: a name of plain ASCII goes as it is, any other in UTF-8
// by RFC 8187, beside a stand-in for clients that do not read that.

import { StorageError } from '#shared/storage/errors.ts'

/** What needs no second form: an escape in quotes would be read as one by some browsers, so % is not among it. */
const PLAIN = /^[\x20-\x24\x26-\x7e]*$/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g
const NOT_PLAIN = /[^\x20-\x24\x26-\x7e]/gu
/** `encodeURIComponent` leaves these, and RFC 8187 does not. */
const NOT_ATTRIBUTE = /['()*]/g

/** `attachment`, `inline` or a whole header value; a name alone makes it an attachment. */
export function contentDisposition(
  disposition: string | undefined,
  filename: string | undefined,
): string | undefined {
  if (filename === undefined || filename === '') return disposition
  const type = disposition ?? 'attachment'
  if (type !== 'attachment' && type !== 'inline') {
    throw new StorageError(
      'invalid',
      'A file name goes with the disposition attachment or inline; a whole Content-Disposition has its own.',
    )
  }
  return `${type}; ${filenameParameters(filename)}`
}

function filenameParameters(filename: string): string {
  const name = filename.toWellFormed().replace(CONTROL, '_')
  const plain = `filename="${name.replace(NOT_PLAIN, '_').replace(/["\\]/g, '\\$&')}"`
  return PLAIN.test(name) ? plain : `${plain}; filename*=UTF-8''${encodeAttribute(name)}`
}

function encodeAttribute(value: string): string {
  return encodeURIComponent(value).replace(
    NOT_ATTRIBUTE,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
