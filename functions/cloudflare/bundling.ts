// How a Worker is bundled, for the build and for the tests that run in workerd alike. Packages come in
// their browser builds but for those that are wrong or lacking in a Worker.

import type { BuildOptions } from 'esbuild'
import { workerAliases } from './aliases.ts'
import { leftElsewhere } from './elsewhere.ts'
import { lateCrypto } from './late-crypto.ts'
import { noFolders } from './no-folders.ts'
import { nodeBuiltins } from './node-builtins.ts'
import { rowsAsText } from './rows-as-text.ts'
import { wasmFiles } from './wasm-files.ts'

/** `root` is the project's folder and ends in a slash. */
export function workerBundling(root: string): BuildOptions {
  return {
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    alias: workerAliases(root),
    plugins: [lateCrypto(), nodeBuiltins(), noFolders(), wasmFiles()],
  }
}

/** The front's, which leaves most of it to the Worker behind. */
export function frontBundling(root: string): BuildOptions {
  const options = workerBundling(root)
  return { ...options, plugins: [rowsAsText(), leftElsewhere(), ...(options.plugins ?? [])] }
}
