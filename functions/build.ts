// Makes dist/<target>: ES modules, minified, in two parts, so that a cold start loads what it runs and little
// else; the command line is split finer, and a Worker's front is one file. `npm run build` makes all targets, `npm run build -- aws` one; each
// entry is told with its size, so that growth is seen.

import { cp, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'
import type { Bundle } from './bundle.ts'
import { describeSizes } from './bundle.ts'
import { buildClient, buildPage } from './build-client.ts'
import { frontBundling, workerBundling } from './cloudflare/bundling.ts'
import { plainBuiltins } from './plain-builtins.ts'
import { buildInTwoParts, packedData } from './two-parts.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that are CommonJS ask for `require`, which an ES module of Node's must make for itself. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`

const NODE: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  banner: { js: REQUIRE },
  outExtension: { '.js': '.mjs' },
  plugins: [plainBuiltins()],
}

interface Target {
  entries: Record<string, string>
  /** Split finer: each import that waits is a file of its own. */
  split?: Record<string, string>
  /** What has options of its own, and nothing that could be loaded later. */
  whole?: { entries: Record<string, string>; options: BuildOptions }
  options: BuildOptions
  /** What the platform wants beside the code. */
  finish?(folder: string): Promise<void>
}

const TARGETS: Record<string, Target> = {
  node: {
    entries: { server: 'functions/node/server.ts' },
    // A command loads what it runs.
    split: {
      cli: 'functions/node/cli.ts',
      'digest-thread': 'functions/node/digest-thread.ts',
    },
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
    entries: { 'behind/behind': 'functions/cloudflare/work.ts' },
    // A folder for each, since a Worker is sent with all that lies in its own.
    options: {
      ...workerBundling(root),
      chunkNames: 'behind/chunks/[name]-[hash]',
      assetNames: 'behind/[name]-[hash]',
    },
    whole: {
      entries: { 'front/front': 'functions/cloudflare/front.ts' },
      options: { ...frontBundling(root), assetNames: 'front/[name]-[hash]' },
    },
  },
}

export const TARGET_NAMES = Object.keys(TARGETS)

export async function buildTarget(name: string, folder = `${root}dist/${name}`): Promise<Bundle> {
  const target = TARGETS[name]
  if (target === undefined)
    throw new Error(`There is no target "${name}": ${TARGET_NAMES.join(', ')}.`)
  await rm(folder, { recursive: true, force: true })
  const { entries: inParts, split = {}, whole } = target
  const common = {
    absWorkingDir: root,
    outdir: folder,
    minify: true,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    chunkNames: 'chunks/[name]-[hash]',
  } as const
  const options = { ...common, ...target.options }
  const outputs = {
    ...(whole && (await buildPlainly(whole.entries, { ...common, ...whole.options }))),
    ...(await buildPlainly(split, { ...options, splitting: true })),
    ...(await buildInTwoParts(inParts, options)),
  }
  await target.finish?.(folder)
  const sources = Object.values({ ...whole?.entries, ...inParts, ...split })
  const entries = Object.keys(outputs).filter((file) =>
    sources.includes(outputs[file]?.entryPoint ?? ''),
  )
  return { folder, root, outputs, entries }
}

async function buildPlainly(
  entries: Record<string, string>,
  options: BuildOptions,
): Promise<Bundle['outputs']> {
  if (Object.keys(entries).length === 0) return {}
  const plugins = [packedData(), ...(options.plugins ?? [])]
  const { metafile } = await build({
    ...options,
    entryPoints: entries,
    metafile: true,
    plugins,
  })
  return metafile.outputs
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  for (const name of names.length > 0 ? names : [...TARGET_NAMES, 'client']) {
    const bundle = await (name === 'client' ? buildClient() : buildTarget(name))
    console.log([`dist/${name}`, ...(await describeSizes(bundle))].join('\n  '))
  }
}
