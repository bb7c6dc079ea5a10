// Digests of bytes that only pass by. In a Worker the CRCs by its own DigestStream: a loop of ours over buffers that
// come and go is faster most of the time, and now and then, for as long as a copy takes, twenty times slower.
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#digeststream

import { Buffer } from 'node:buffer'
import type { DigestAlgorithm } from './digest.ts'
import { startDigests } from './digest.ts'
import { DigestStream } from './worker-streams.ts'

export interface PassingDigests {
  /** The bytes are free again when it resolves. */
  update(bytes: Uint8Array): Promise<void> | void
  /** Once all have passed. */
  values(): Promise<Partial<Record<DigestAlgorithm, string>>>
}

const NATIVE: ReadonlySet<DigestAlgorithm> = new Set(['crc32c', 'crc64nvme'])

export function startPassingDigests(algorithms: readonly DigestAlgorithm[]): PassingDigests {
  if (DigestStream !== undefined) return startInWorker(algorithms, DigestStream)
  const digests = startDigests(algorithms)
  return { update: (bytes) => digests.update(bytes), values: async () => digests.values() }
}

function startInWorker(
  algorithms: readonly DigestAlgorithm[],
  Native: NonNullable<typeof DigestStream>,
): PassingDigests {
  const digests = startDigests(algorithms.filter((name) => !NATIVE.has(name)))
  const natives = algorithms
    .filter((name) => NATIVE.has(name))
    .map((name) => {
      const stream = new Native(name)
      return { name, stream, writer: stream.getWriter() }
    })
  return {
    async update(bytes) {
      const written = natives.map(({ writer }) => writer.write(bytes))
      digests.update(bytes)
      await Promise.all(written)
    },
    async values() {
      const values = digests.values()
      for (const { name, stream, writer } of natives) {
        await writer.close()
        values[name] = Buffer.from(await stream.digest).toString('base64')
      }
      return values
    },
  }
}
