// Makes dist/<target>: ES modules, minified and split, so that a dynamic import stays one and a cold start
// that only signs loads signing alone. `npm run build` makes all targets, `npm run build -- aws` one; each
// entry is told with its size, so that growth is seen.

import { cp, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'
import type { Bundle } from './bundle.ts'
import { describeSizes } from './bundle.ts'
import { buildClient, buildPage } from './build-client.ts'
import { workerBundling } from './cloudflare/bundling.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that are CommonJS ask for `require`, which an ES module of Node's must make for itself. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`

const NODE: BuildOptions = {
  bundle: true,
  format: 'esm',
  splitting: true,
  platform: 'node',
  target: 'node22',
  banner: { js: REQUIRE },
  outExtension: { '.js': '.mjs' },
}

interface Target {
  entries: Record<string, string>
  options: BuildOptions
  /** What the platform wants beside the code. */
  finish?(folder: string): Promise<void>
}

const TARGETS: Record<string, Target> = {
  node: {
    entries: { server: 'functions/node/server.ts', cli: 'functions/node/cli.ts' },
    options: NODE,
    finish: (folder) => buildPage(`${folder}/page`),
  },
  aws: {
    entries: {
      api: 'functions/aws/api.ts',
      consumer: 'functions/aws/consumer.ts',
      schedule: 'functions/aws/schedule.ts',
    },
    options: NODE,
  },
  azure: {
    entries: { index: 'functions/azure/index.ts' },
    // Only the Functions worker has this module, and it gives it to whoever requires it.
    options: { ...NODE, external: ['@azure/functions-core'] },
    async finish(folder) {
      await cp(`${root}functions/azure/host.json`, `${folder}/host.json`)
      await writeFile(
        `${folder}/package.json`,
        `${JSON.stringify({ type: 'module', main: 'index.mjs' })}\n`,
      )
    },
  },
  cloudflare: {
    entries: { worker: 'functions/cloudflare/worker.ts' },
    options: workerBundling(root),
  },
}

export const TARGET_NAMES = Object.keys(TARGETS)

export async function buildTarget(name: string, folder = `${root}dist/${name}`): Promise<Bundle> {
  const target = TARGETS[name]
  if (target === undefined)
    throw new Error(`There is no target "${name}": ${TARGET_NAMES.join(', ')}.`)
  await rm(folder, { recursive: true, force: true })
  const { metafile } = await build({
    ...target.options,
    absWorkingDir: root,
    entryPoints: target.entries,
    outdir: folder,
    minify: true,
    metafile: true,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    chunkNames: 'chunks/[name]-[hash]',
  })
  await target.finish?.(folder)
  const { outputs } = metafile
  const sources = Object.values(target.entries)
  const entries = Object.keys(outputs).filter((file) =>
    sources.includes(outputs[file]?.entryPoint ?? ''),
  )
  return { folder, root, outputs, entries }
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  for (const name of names.length > 0 ? names : [...TARGET_NAMES, 'client']) {
    const bundle = await (name === 'client' ? buildClient() : buildTarget(name))
    console.log([`dist/${name}`, ...(await describeSizes(bundle))].join('\n  '))
  }
}
