// The digest that the client computes, beside one written from the definition.

import { assert, asyncProperty, uint8Array } from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c } from '#shared/client/crc32c.ts'
import { seeded } from '../seeds.ts'
import { bytesOf, checksumOf } from '../suites/storage/content.ts'

it('is the CRC-32C of any bytes', async () => {
  const bytes = uint8Array({ maxLength: 300 }).map((one) => new Uint8Array(one))
  await assert(
    asyncProperty(bytes, async (one) => {
      expect(await crc32c(new Blob([one]))).toBe(checksumOf('crc32c', one).value)
    }),
    seeded(),
  )
})

it('goes over slices as over one', async () => {
  const bytes = bytesOf(4 * 2 ** 20 + 5)
  const [head, tail] = [bytes.subarray(0, 1000), bytes.subarray(1000)]
  expect(await crc32c(new Blob([head, tail]))).toBe(await crc32c(new Blob([bytes])))
})

it('knows the check value of the catalogue', async () => {
  expect(await crc32c(new Blob(['123456789']))).toBe(
    Buffer.from('e3069283', 'hex').toString('base64'),
  )
})
