// Bundles of the benchmarks' own programs, made as the targets' are, in folders that are removed at the end.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'
import { workerBundling } from '../../functions/cloudflare/bundling.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Packages that are CommonJS ask for `require`, which an ES module of Node's must make for itself. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`

const BUNDLING: Record<'node' | 'workerd', BuildOptions> = {
  node: {
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'node',
    target: 'node22',
    banner: { js: REQUIRE },
    outExtension: { '.js': '.mjs' },
  },
  workerd: workerBundling(root),
}

/** `entry` is a file of this folder's; the bundle's is `main.mjs` for Node and `main.js` for a Worker. */
export async function bundleProgram(
  runtime: 'node' | 'workerd',
  entry: string,
  folder: string,
): Promise<string> {
  await build({
    ...BUNDLING[runtime],
    absWorkingDir: root,
    entryPoints: { main: fileURLToPath(new URL(entry, import.meta.url)) },
    outdir: folder,
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
    chunkNames: 'chunks/[name]-[hash]',
  })
  return runtime === 'node' ? 'main.mjs' : 'main.js'
}

/** A folder for as long as `work` takes. */
export async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
