// What an R2 binding throws, as the contract's errors.

import { expect, it } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import { toStorageError } from '#shared/storage/providers/r2/errors.ts'

const read = (error: unknown): StorageError => {
  const told = toStorageError(error, 'photos', 'a.jpg')
  if (!(told instanceof StorageError)) throw told
  return told
}

it.each([
  [10007, 'not-found', false],
  [10001, 'unavailable', true],
  [10012, 'too-large', false],
  [10024, 'not-found', false],
  [10037, 'corrupt', false],
  [10043, 'unavailable', false],
  [10048, 'invalid', false],
  [10058, 'throttled', false],
  [100100, 'too-large', false],
])('reads the code %i as %s', (code, kind, ambiguous) => {
  const error = read(new Error(`put: Something happened. (${code})`))
  expect(error).toMatchObject({ kind, ambiguous, store: 'photos', key: 'a.jpg' })
  expect(error.message).toMatch(/^photos, asked about "a\.jpg", .{10,100}\.$/)
})

it('does not know whether a write was carried out whose connection was lost', () => {
  expect(read(new Error('Network connection lost.'))).toMatchObject({
    kind: 'unavailable',
    ambiguous: true,
    retry: 'later',
  })
})

it('takes what it does not know for a fault of ours', () => {
  const cause = new TypeError('no such method')
  expect(read(cause)).toMatchObject({ kind: 'internal', retry: 'never', cause })
})

it('leaves the errors of the contract alone', () => {
  const own = new StorageError('exists', 'It is there.', { store: 'photos' })
  expect(toStorageError(own, 'photos', undefined)).toBe(own)
})
