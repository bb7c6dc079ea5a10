// How a Worker is bundled, for the build and for the tests that run in workerd alike. Packages come in
// their browser builds but for those that are wrong or lacking in a Worker.

import type { BuildOptions } from 'esbuild'
import { workerAliases } from './aliases.ts'
import { nodeBuiltins } from './node-builtins.ts'

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
    plugins: [nodeBuiltins()],
  }
}
