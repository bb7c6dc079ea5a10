// CRC-32C and CRC-64/NVME by WebAssembly, several times as fast as by JavaScript. Bytes are copied into its memory a
// piece at a time, so one kernel serves any number of digests in turns.

import { buildTables } from './crc.ts'
import { LAYOUT, STEP_BYTES } from './crc-kernel-bytes.ts'

export type KernelAlgorithm = 'crc32c' | 'crc64nvme'

export interface CrcKernel {
  /** The register's value after the bytes, going on from `previous`. */
  update(algorithm: KernelAlgorithm, bytes: Uint8Array, previous: bigint): bigint
}

/** What crc-kernel-bytes.ts makes. */
interface Exports {
  memory: { buffer: ArrayBuffer }
  crc32c(register: number, at: number, end: number): number
  crc64nvme(register: bigint, at: number, end: number): bigint
}

const INPUT_BYTES = LAYOUT.end - LAYOUT.input

export function openCrcKernel(module: WebAssembly.Module): CrcKernel {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports
  const { buffer } = exports.memory
  const input = new Uint8Array(buffer, LAYOUT.input, INPUT_BYTES)
  new BigUint64Array(buffer, LAYOUT.crc64nvme).set(buildTables('crc64nvme', STEP_BYTES).flat())
  const narrow = buildTables('crc32c', STEP_BYTES).flat().map(Number)
  new Uint32Array(buffer, LAYOUT.crc32c).set(narrow)
  const steps = {
    crc64nvme: (previous: bigint, end: number) =>
      BigInt.asUintN(64, ~exports.crc64nvme(~previous, LAYOUT.input, end)),
    crc32c: (previous: bigint, end: number) =>
      BigInt.asUintN(32, BigInt(~exports.crc32c(~Number(previous), LAYOUT.input, end))),
  }
  return {
    update(algorithm, bytes, previous) {
      const step = steps[algorithm]
      let register = previous
      for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
        const piece = bytes.subarray(at, at + INPUT_BYTES)
        input.set(piece)
        register = step(register, LAYOUT.input + piece.length)
      }
      return register
    },
  }
}
