// An entry as one file: what our own code imports when it is needed stands in the same file and runs then, so
// that a cold start opens one file and not twenty. Packages that are needed later, and large data, become
// files of their own, loaded when they are asked for; nothing of ours is in these, so nothing is there twice.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { build } from 'esbuild'

const FOLDER = 'chunks'

export async function buildOneFile(
  entries: Record<string, string>,
  options: BuildOptions,
): Promise<Metafile['outputs']> {
  if (Object.keys(entries).length === 0) return {}
  const later = new Map<string, string>()
  const { plugins = [], outdir = '', outExtension } = options
  const ending = outExtension?.['.js'] ?? '.js'
  const whole = await build({
    ...options,
    entryPoints: entries,
    splitting: false,
    metafile: true,
    plugins: [leaveForLater(later, ending), dataAsText(), ...plugins],
  })
  if (later.size === 0) return whole.metafile.outputs
  const rest = await build({
    ...options,
    entryPoints: Object.fromEntries(later),
    outdir: join(outdir, FOLDER),
    splitting: false,
    metafile: true,
    plugins: [dataAsText(), ...plugins],
  })
  return { ...whole.metafile.outputs, ...rest.metafile.outputs }
}

/** Names each file that is to be loaded later, with where its source is. */
function leaveForLater(later: Map<string, string>, ending: string): Plugin {
  return {
    name: 'leave-for-later',
    setup(building) {
      building.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
        const file = resolve(resolveDir, path)
        if (kind !== 'dynamic-import' || !holdsNothingOfOurs(file)) return undefined
        const name = basename(file, '.ts')
        later.set(name, file)
        return { path: `./${FOLDER}/${name}${ending}`, external: true }
      })
    },
  }
}

/** It only hands on what packages, or files of data, give. */
function holdsNothingOfOurs(file: string): boolean {
  const source = readFileSync(file, 'utf8')
    .replace(/\/\/.*$/gm, '')
    .trim()
  const handsOn = /^(export (\{[^}]*\}|\*) from '[^']+'( with \{[^}]*\})?\s*)+$/.test(source)
  return handsOn && !/from '(\.{1,2}\/[^']*\.ts|#)/.test(source)
}

/** As a text that is parsed at its first use: an engine takes a tenth of the time over it. */
export function dataAsText(): Plugin {
  return {
    name: 'data-as-text',
    setup(building) {
      building.onLoad({ filter: /\.json$/ }, async ({ path, with: attributes }) => {
        if (attributes['type'] !== 'json') return undefined
        const data = JSON.stringify(JSON.parse(await readFile(path, 'utf8')))
        return { contents: `export default JSON.parse(${JSON.stringify(data)})`, loader: 'js' }
      })
    },
  }
}
