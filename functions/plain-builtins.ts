// Node's own modules in a bundle for Node, without `import`: that reads every export of a module, and some of
// them load more than all the rest of a start does: one of `node:http` the whole of fetch, two of `node:fs` its
// streams and its promises.

import { builtinModules, createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

const require = createRequire(import.meta.url)
const PLAIN = 'plain-builtin'
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

export function plainBuiltins(): Plugin {
  const names = new Set(builtinModules)
  return {
    name: 'plain-builtins',
    setup(build) {
      build.onResolve({ filter: /^(node:)?[a-z0-9_]+(\/[a-z0-9_]+)*$/ }, ({ path, kind }) => {
        const name = path.replace(/^node:/, '')
        const known = names.has(name) || names.has(path)
        if (!known || kind !== 'import-statement') return undefined
        return { path: `node:${name}`, namespace: PLAIN, sideEffects: false }
      })
      build.onLoad({ filter: /.*/, namespace: PLAIN }, ({ path }) => ({ contents: sourceOf(path) }))
    },
  }
}

function sourceOf(name: string): string {
  const exported = Object.keys(require(name) as object).filter(
    (key) => IDENTIFIER.test(key) && key !== 'default',
  )
  // Marked pure, so that the bundler leaves out what nobody imports, and it is never read.
  const lines = exported.map(
    (key, i) => `const own${i} = /* @__PURE__ */ readOf('${key}')\nexport { own${i} as ${key} }`,
  )
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule('${name}')`,
    'const readOf = (key) => builtin[key]',
    'export default builtin',
    ...lines,
  ].join('\n')
}
