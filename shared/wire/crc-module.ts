// Where the CRCs' WebAssembly module comes from: it is compiled here. A Worker may not compile, so its bundle has
// another file in the place of this one, which imports the module as the runtime has compiled it.

import { crcKernelBytes } from './crc-kernel-bytes.ts'

export function crcModule(): WebAssembly.Module {
  return new WebAssembly.Module(crcKernelBytes())
}
