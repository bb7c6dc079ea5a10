// Our WebAssembly in a Worker's bundle. A Worker may not compile what it has not been deployed with, so a module is
// a file there, which the runtime compiles: https://developers.cloudflare.com/workers/runtime-apis/webassembly/

import type { Plugin } from 'esbuild'
import { crcKernelBytes } from '../../shared/wire/crc-kernel-bytes.ts'
import { sha256KernelBytes } from '../../shared/wire/sha256-kernel-bytes.ts'

const NAMESPACE = 'wasm-files'

const BYTES: ReadonlyMap<string, () => Uint8Array> = new Map([
  ['crc', crcKernelBytes],
  ['sha256', sha256KernelBytes],
])

/** In the place of shared/wire/crc-module.ts and of shared/wire/sha256-module.ts. */
export function wasmFiles(): Plugin {
  return {
    name: NAMESPACE,
    setup(build) {
      build.onResolve({ filter: /\/wire\/\w+-module\.ts$|^\.\/\w+-module\.ts$/ }, ({ path }) => {
        const [, name = ''] = /(\w+)-module\.ts$/.exec(path) ?? []
        return BYTES.has(name) ? { path: name, namespace: NAMESPACE } : undefined
      })
      build.onLoad({ filter: /^\w+$/, namespace: NAMESPACE }, ({ path: name }) => ({
        contents: `import module from '${name}.wasm'; export const ${name}Module = () => module`,
      }))
      build.onResolve({ filter: /\.wasm$/, namespace: NAMESPACE }, ({ path }) => {
        return { path, namespace: NAMESPACE }
      })
      build.onLoad({ filter: /\.wasm$/, namespace: NAMESPACE }, ({ path }) => {
        return { contents: BYTES.get(path.replace(/\.wasm$/, ''))!(), loader: 'copy' }
      })
    },
  }
}
