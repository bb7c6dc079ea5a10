// The front Worker's bundle: without what is imported when it is needed, and without what planning an upload never
// calls. workerd compiles all that it is given before its first request, and a front has little to do.

import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** Of shared/: files all of whose functions belong to the Worker behind. */
const LEFT_OUT = [
  'access/claims',
  'config/problems',
  'config/spelling',
  'config/redact',
  'storage/groups',
  'storage/reading',
  'storage/writing',
  'storage/call',
  'storage/body',
  // A Worker has no folders: the other one says so.
  'storage/providers/file/settings',
  'storage/providers/file/sign',
  'uploads/by-store',
  'workspaces/state',
]

const IMPORT = `import { elsewhere } from '#shared/api/elsewhere.ts'`

export function leftElsewhere(): Plugin {
  const leftOut = new RegExp(`/shared/(${LEFT_OUT.join('|')})\\.ts$`)
  return {
    name: 'left-elsewhere',
    setup(build) {
      build.onLoad({ filter: /\/shared\/[^:]*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        if (leftOut.test(path)) return { contents: standIns(source), loader: 'ts' }
        if (!source.includes('import(')) return undefined
        const contents = source.replace(/\bimport\(\s*'[^']+'\s*\)/g, '(async () => elsewhere())()')
        return { contents: `${IMPORT}\n${contents}`, loader: 'ts' }
      })
    },
  }
}

/** Under the same names, functions that say where they are to be found. */
function standIns(source: string): string {
  const names = [...source.matchAll(/^export (?:async )?(?:function|class) (\w+)/gm)]
  return [IMPORT, ...names.map(([, name]) => `export function ${name}() { elsewhere() }`)].join(
    '\n',
  )
}
