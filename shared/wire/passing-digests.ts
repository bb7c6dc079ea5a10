// Digests of bytes that only pass by, as fast as this runtime can: CRCs by WebAssembly, but for CRC-32C in a Worker,
// whose own DigestStream has an instruction for it. Asked for when something passes: nothing else needs the module.
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#digeststream

import { Buffer } from 'node:buffer'
import type { CrcKernel, KernelAlgorithm } from './crc-kernel.ts'
import { openCrcKernel } from './crc-kernel.ts'
import { crcModule } from './crc-module.ts'
import type { Digest, DigestAlgorithm } from './digest.ts'
import { encodeCrc, startDigest } from './digest.ts'
import { DigestStream } from './worker-streams.ts'

export interface PassingDigests {
  /** The bytes are free again when it resolves. */
  update(bytes: Uint8Array): Promise<void> | void
  /** Once all have passed. */
  values(): Promise<Partial<Record<DigestAlgorithm, string>>>
  /** Nobody asks for the values any more. */
  drop(): void
}

/** Where others can take digests of much; undefined when they cannot. */
export type StartElsewhere = (algorithms: readonly DigestAlgorithm[]) => PassingDigests | undefined

interface Passing {
  update(bytes: Uint8Array): Promise<void> | void
  value(): Promise<string> | string
}

export function startPassingDigests(
  algorithms: readonly DigestAlgorithm[],
  startElsewhere?: StartElsewhere,
): PassingDigests {
  const elsewhere = algorithms.length > 0 ? startElsewhere?.(algorithms) : undefined
  return elsewhere ?? startHere(algorithms)
}

function startHere(algorithms: readonly DigestAlgorithm[]): PassingDigests {
  const digests = algorithms.map((name) => ({ name, digest: startOne(name) }))
  return {
    update(bytes) {
      const waiting = digests.flatMap(({ digest }) => digest.update(bytes) ?? [])
      return waiting.length > 0 ? Promise.all(waiting).then(() => undefined) : undefined
    },
    async values() {
      const values = digests.map(async ({ name, digest }) => [name, await digest.value()] as const)
      return Object.fromEntries(await Promise.all(values))
    },
    drop() {},
  }
}

function startOne(algorithm: DigestAlgorithm): Passing {
  if (DigestStream && algorithm === 'crc32c') return startNative(new DigestStream(algorithm))
  const byKernel = algorithm === 'crc32c' || algorithm === 'crc64nvme'
  return byKernel ? startByKernel(algorithm) : startDigest(algorithm)
}

function startNative(stream: InstanceType<NonNullable<typeof DigestStream>>): Passing {
  const writer = stream.getWriter()
  return {
    update: (bytes) => writer.write(bytes),
    async value() {
      await writer.close()
      return Buffer.from(await stream.digest).toString('base64')
    },
  }
}

let kernel: CrcKernel | undefined

function startByKernel(algorithm: KernelAlgorithm): Digest {
  const shared = (kernel ??= openCrcKernel(crcModule()))
  let register = 0n
  return {
    update(bytes) {
      register = shared.update(algorithm, bytes, register)
    },
    value: () => encodeCrc(algorithm, register),
  }
}
