// Azure's packages in their Node builds: the browser builds can neither sign nor stream, since they ask a
// page for XML and give a download as one Blob. The Node builds do both, over a client of ours.

import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

export function nodeBuilds(): Plugin {
  return {
    name: 'node-builds',
    setup(build) {
      build.onResolve({ filter: /\/nodeHttpClient\.js$/ }, () => ({ path: HTTP_CLIENT }))
      build.onResolve({ filter: /^@(azure|typespec)\// }, ({ path }) => ({
        path: OTHER_FILES[path] ?? fileURLToPath(import.meta.resolve(path)),
      }))
    },
  }
}

/** Over `fetch`: workerd's `node:http` does not tell of a connection that was refused. */
const HTTP_CLIENT = fileURLToPath(new URL('azure-http-client.ts', import.meta.url))

const OTHER_FILES: Record<string, string> = {
  // Its ES modules ask for their own file's URL as they load, which a bundle in a Worker does not have.
  '@azure/storage-common': fileURLToPath(
    new URL('../commonjs/index.js', import.meta.resolve('@azure/storage-common')),
  ),
}
