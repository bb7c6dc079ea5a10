// The CRCs by WebAssembly against those by tables in JavaScript, which the vectors hold to be right, in pieces of every
// odd size and at every odd place.

import { describe, expect, it } from 'vitest'
import { crcKernelBytes } from '#shared/wire/crc-kernel-bytes.ts'
import { startDigests } from '#shared/wire/digest.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'

const ALL = ['crc32c', 'crc64nvme', 'crc32', 'md5'] as const
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + i) >> 3)

describe('digests of passing bytes', () => {
  it.each([0, 1, 7, 8, 15, 16, 17, 31, 255, 65_535, 65_536, 65_537, 131_073, 299_993])(
    'are those of %i bytes',
    async (size) => {
      const bytes = content.subarray(3, 3 + size)
      const [passing, right] = [startPassingDigests(ALL), startDigests(ALL)]
      await passing.update(bytes)
      right.update(bytes)
      expect(await passing.values()).toEqual(right.values())
    },
  )

  it('go on from piece to piece, several at a time', async () => {
    const [one, other, right] = [
      startPassingDigests(ALL),
      startPassingDigests(ALL),
      startDigests(ALL),
    ]
    for (let at = 0, size = 1; at < content.length; at += size, size = size * 3 + 1) {
      const piece = content.subarray(at, at + size)
      await one.update(piece)
      await other.update(piece.toReversed())
      right.update(piece)
    }
    expect(await one.values()).toEqual(right.values())
    expect(await other.values()).not.toEqual(right.values())
  })

  it('are the known ones of "123456789"', async () => {
    const digests = startPassingDigests(['crc32c', 'crc64nvme'])
    await digests.update(new TextEncoder().encode('123456789'))
    const hex = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString('hex')
    const { crc32c, crc64nvme } = await digests.values()
    expect([hex(crc32c), hex(crc64nvme)]).toEqual(['e3069283', 'ae8b14860a799888'])
  })
})

it('the module is small enough to compile at once', () => {
  expect(crcKernelBytes().length).toBeLessThan(1024)
})
