// A bundle in two parts: what an entry needs at once, and all that our own code imports when it is needed. With
// a file for each of these imports, and for each set of them that shares a module, a cold start would open
// twenty; in one file it would read what it does not run. Packages that are needed later have files of their own.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { build } from 'esbuild'

const LATER = 'skein:later'
/** Apart, since what reads imports from source would take the two together for one. */
const IMPORT = 'import'

export async function buildInTwoParts(
  entries: Record<string, string>,
  options: BuildOptions & { absWorkingDir: string },
): Promise<Metafile['outputs']> {
  const common = { ...options, entryPoints: entries, splitting: true, metafile: true } as const
  const plugins = [packedData(), ...(options.plugins ?? [])]
  const scout = await build({ ...common, plugins, write: false, sourcemap: false })
  const later = neededLater(scout.metafile, options.absWorkingDir)
  const gather = gatherLater(later, options.absWorkingDir)
  const made = await build({ ...common, plugins: [gather, ...plugins] })
  return made.metafile.outputs
}

/** Our own files that are imported when they are needed, each with a name to export it by. */
function neededLater({ inputs }: Metafile, root: string): Map<string, string> {
  const imports = Object.values(inputs).flatMap((input) => input.imports)
  const files = imports
    .filter(
      ({ kind, path }) => kind === 'dynamic-import' && /^(shared|functions)\/.*\.ts$/.test(path),
    )
    .map(({ path }) => path)
    .filter((file) => !handsOnAlone(join(root, file)))
  return new Map([...new Set(files)].toSorted().map((file, i) => [file, `part${i}`]))
}

/** Such a file only gives what a package, or a file of data, gives. */
function handsOnAlone(file: string): boolean {
  const source = readFileSync(file, 'utf8')
    .replace(/\/\/.*$/gm, '')
    .trim()
  const handsOn = /^(export (\{[^}]*\}|\*) from '[^']+'( with \{[^}]*\})?\s*)+$/.test(source)
  return handsOn && !/from '(\.{1,2}\/[^']*\.ts|#)/.test(source)
}

/** Turns each import of one of these files into an import of all, so that the bundler sees one. */
function gatherLater(later: ReadonlyMap<string, string>, root: string): Plugin {
  const gathered = (specifier: string, from: string): string | undefined => {
    const file = specifier.startsWith('#shared/')
      ? specifier.slice(1)
      : relative(root, join(dirname(from), specifier))
    const name = later.get(file)
    return name && `${IMPORT}('${LATER}').then((later) => later.${name})`
  }
  return {
    name: 'gather-later',
    setup(building) {
      building.onLoad({ filter: /\/(shared|functions)\/.*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        if (!source.includes('import(')) return undefined
        const contents = source.replace(
          /import\(\s*'([^']+\.ts)'\s*\)/g,
          (whole, specifier: string) => gathered(specifier, path) ?? whole,
        )
        return { contents, loader: 'ts' }
      })
      building.onResolve({ filter: new RegExp(`^${LATER}$`) }, () => {
        return { path: 'later', namespace: 'skein' }
      })
      building.onLoad({ filter: /^later$/, namespace: 'skein' }, () => {
        const lines = [...later].map(([file, name]) => `export * as ${name} from './${file}'`)
        return { contents: lines.join('\n'), loader: 'ts', resolveDir: root }
      })
    },
  }
}

/** Packed as a text, and unpacked at its first use: an engine reads every byte of a module before that. */
export function packedData(): Plugin {
  return {
    name: 'packed-data',
    setup(building) {
      building.onLoad({ filter: /\.json$/ }, async ({ path, with: attributes }) => {
        if (attributes['type'] !== 'json') return undefined
        const data = JSON.stringify(JSON.parse(await readFile(path, 'utf8')))
        const packed = deflateRawSync(data, { level: 9 }).toString('base64')
        const contents = `import { Buffer } from 'node:buffer'
          import { inflateRawSync } from 'node:zlib'
          export default JSON.parse(inflateRawSync(Buffer.from('${packed}', 'base64')).toString())`
        return { contents, loader: 'js' }
      })
    },
  }
}
