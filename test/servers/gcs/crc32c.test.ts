/** CRC-32C against known values, at every alignment, and combined. */
import { randomBytes } from 'node:crypto'
import { CRC32C } from '@google-cloud/storage'
import { describe, expect, it } from 'vitest'
import { combineCrc32c, encodeCrc32c, updateCrc32c } from './crc32c.ts'

function official(bytes: Buffer): string {
  const crc = new CRC32C()
  crc.update(bytes)
  return crc.toString()
}

describe('CRC-32C', () => {
  it('has the check value', () => {
    expect(updateCrc32c(0, Buffer.from('123456789'))).toBe(0xe3069283)
    expect(updateCrc32c(0, Buffer.alloc(0))).toBe(0)
  })

  it('is the official client’s, at every offset and length', () => {
    const bytes = randomBytes(200)
    for (let start = 0; start < 20; start++) {
      for (let end = start; end < bytes.length; end += 7) {
        const slice = bytes.subarray(start, end)
        expect(encodeCrc32c(updateCrc32c(0, slice))).toBe(official(slice))
      }
    }
  })

  it('continues, and combines', () => {
    const bytes = randomBytes(100_000)
    for (const cut of [0, 1, 17, 65_536, 99_999, 100_000]) {
      const [a, b] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      const whole = updateCrc32c(updateCrc32c(0, a), b)
      expect(whole).toBe(updateCrc32c(0, bytes))
      expect(combineCrc32c(updateCrc32c(0, a), updateCrc32c(0, b), b.length)).toBe(whole)
    }
  })
})
