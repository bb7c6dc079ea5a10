// Digests by threads of their own against those that are taken in place: of more than a ring holds, many at a time, some
// of which are dropped; and that neither the thread nor its end holds anybody up.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import { startDigests } from '#shared/wire/digest.ts'
import type { DigestsInThread } from '#shared/platform.ts'
import { startInThread } from '../../functions/node/digest-threads.ts'

const ALL: readonly DigestAlgorithm[] = ['crc32c', 'crc64nvme', 'crc32', 'md5', 'sha1', 'sha256']
const MiB = 2 ** 20

function bytesOf(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * (i + seed) * 31 + seed) >> 3)
}

function start(algorithms: readonly string[] = ALL): DigestsInThread {
  const started = startInThread(algorithms)
  if (!started) throw new Error('There is no thread.')
  return started
}

function rightValues(bytes: Uint8Array): Record<string, string> {
  const digests = startDigests(ALL)
  digests.update(bytes)
  return digests.values()
}

async function feed(digests: DigestsInThread, bytes: Uint8Array, piece: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += piece) {
    const passing = bytes.slice(at, at + piece)
    await digests.update(passing)
    // The bytes are the caller's again.
    passing.fill(0)
  }
}

describe('digests by a thread', { timeout: 60_000 }, () => {
  it.each([0, 1, 15, 16, 17, 4095, 65_537, MiB - 16, MiB, 3 * MiB + 5])(
    'are those of %i bytes in one piece',
    async (size) => {
      const bytes = bytesOf(size, 1)
      const digests = start()
      await digests.update(bytes)
      expect(await digests.values()).toEqual(rightValues(bytes))
    },
  )

  it('are each of its own bytes, however many are taken at once', async () => {
    const pieces = [1009, 70_001, 262_144, 1_500_007, 4097, 262_144]
    const contents = pieces.map((_, seed) => bytesOf(2 * MiB + seed, seed))
    const found = contents.map(async (bytes, i) => {
      const digests = start()
      await feed(digests, bytes, pieces[i]!)
      return digests.values()
    })
    expect(await Promise.all(found)).toEqual(contents.map(rightValues))
  })

  it('may be dropped at any time, and hold nobody up', async () => {
    const bytes = bytesOf(3 * MiB, 5)
    const left = [start(), start(), start()]
    // More than there is room for: these wait, and are let go.
    const waiting = left.map((digests) => digests.update(bytes))
    for (const digests of left) digests.drop()
    const digests = start()
    await feed(digests, bytes, 262_144)
    expect(await digests.values()).toEqual(rightValues(bytes))
    await Promise.all(waiting)
    digests.drop()
    await left[0]!.update(bytes)
  })
})

const THREADS = fileURLToPath(new URL('../../functions/node/digest-threads.ts', import.meta.url))

/** What a process of its own says before it ends by itself. */
async function said(program: string): Promise<string> {
  const head = `const { startInThread } = await import(${JSON.stringify(THREADS)})
    const digests = startInThread(['md5'])
    const bytes = new Uint8Array(3 * 2 ** 20)`
  const args = ['--input-type=module', '--eval', `${head}\n${program}`]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  return stdout.trim()
}

describe('a process', { timeout: 60_000 }, () => {
  it('stays until the values are there, and not longer', async () => {
    const values = await said(
      `await digests.update(bytes); console.log((await digests.values()).md5)`,
    )
    expect(values).toBe(rightValues(new Uint8Array(3 * MiB))['md5'])
  })

  it('is not held by digests that were dropped', async () => {
    expect(await said(`void digests.update(bytes); digests.drop(); console.log('over')`)).toBe(
      'over',
    )
  })
})

/** The last, since it ends a thread for good. */
it(
  'a thread that dies fails what it had in hand, and what follows is taken elsewhere',
  { timeout: 60_000 },
  async () => {
    const bytes = bytesOf(MiB, 9)
    const [unknown, another] = [start(['no such digest']), start()]
    const hurt = [unknown, another].map(async (digests) => {
      await feed(digests, bytes, 65_536)
      return digests.values()
    })
    const ends = await Promise.allSettled(hurt)
    expect(ends[0]).toMatchObject({ status: 'rejected' })
    expect(String((ends[0] as PromiseRejectedResult).reason)).toContain('has ended')
    expect(startInThread(ALL)).toBeUndefined()
  },
)
