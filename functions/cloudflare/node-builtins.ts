// Node's own modules in a Worker's bundle. workerd has them under their `node:` names and by import alone,
// while packages ask for them bare and by `require`: https://developers.cloudflare.com/workers/runtime-apis/nodejs/

import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

const REQUIRED = 'required-node-builtin'

export function nodeBuiltins(): Plugin {
  const names = new Set(builtinModules.filter((name) => !name.startsWith('_')))
  return {
    name: 'node-builtins',
    setup(build) {
      build.onResolve({ filter: /^(node:)?[a-z0-9_]+(\/[a-z0-9_]+)*\/?$/ }, ({ path, kind }) => {
        const name = path.replace(/^node:/, '').replace(/\/$/, '')
        if (!names.has(name)) return undefined
        if (kind === 'require-call') return { path: name, namespace: REQUIRED }
        return { path: `node:${name}`, external: true }
      })
      build.onLoad({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule('node:${path}')`,
      }))
    },
  }
}
