// A Worker has no folders, and a configuration that names one is refused there: what works on them stays out of
// its bundle, whose every byte is compiled at each start.

import type { Plugin } from 'esbuild'

const NAMESPACE = 'no-folders'

export function noFolders(): Plugin {
  const contents = `
    const none = () => { throw new Error('A Worker has no folders.') }
    export { none as createFileDriver, none as serveSignedFile }`
  return {
    name: NAMESPACE,
    setup(build) {
      build.onResolve({ filter: /\/providers\/file\/(driver|serve)\.ts$/ }, ({ kind }) => {
        return kind === 'dynamic-import' ? { path: 'none', namespace: NAMESPACE } : undefined
      })
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({ contents }))
    },
  }
}
