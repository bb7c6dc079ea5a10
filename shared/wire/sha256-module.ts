// Where SHA-256's WebAssembly module comes from: it is compiled here. A Worker may not compile, so its bundle has
// another file in the place of this one, which imports the module as the runtime has compiled it.

import { sha256KernelBytes } from './sha256-kernel-bytes.ts'

export function sha256Module(): WebAssembly.Module {
  return new WebAssembly.Module(sha256KernelBytes())
}
