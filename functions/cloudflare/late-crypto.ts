// `node:crypto` in a Worker's bundle, loaded when something of it is first called: that takes workerd as long as
// signing a first plan does, which needs no more of it than chance, and the runtime has that at hand.

import * as crypto from 'node:crypto'
import type { Plugin } from 'esbuild'

const LATE = 'late-crypto'

const AT_HAND: Readonly<Record<string, string>> = {
  randomUUID: 'export const randomUUID = () => crypto.randomUUID()',
  // https://developer.mozilla.org/docs/Web/API/Crypto/getRandomValues gives 64 KiB at most; nobody asks for more.
  randomBytes: `export const randomBytes = (bytes) =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)).buffer)`,
}

/** For our own code; packages have it as they are written. */
export function lateCrypto(): Plugin {
  return {
    name: LATE,
    setup(build) {
      build.onResolve({ filter: /^node:crypto$/ }, ({ path, kind, importer }) => {
        if (kind !== 'import-statement' || !/\/shared\/[^:]*\.ts$/.test(importer)) return undefined
        return { path, namespace: LATE, sideEffects: false }
      })
      build.onLoad({ filter: /.*/, namespace: LATE }, () => ({ contents: source() }))
    },
  }
}

function source(): string {
  const functions = Object.entries(crypto).filter(([, value]) => typeof value === 'function')
  return [
    "const own = () => process.getBuiltinModule('node:crypto')",
    ...functions.map(([name]) => AT_HAND[name] ?? calling(name)),
  ].join('\n')
}

/** Classes are functions here too. */
function calling(name: string): string {
  return `export function ${name}(...given) {
    return new.target ? new (own().${name})(...given) : own().${name}(...given)
  }`
}
