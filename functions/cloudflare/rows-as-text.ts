// The providers' rows in the front's bundle: what is said of one to people is left out, and what it can do is a
// text until a store of its kind is opened. An engine reads code seven times as long as it reads text, and these are
// a tenth of all the code that a plan needs.

import type { Plugin } from 'esbuild'
import type { ProviderRow } from '#shared/storage/compatibility.ts'
import { PROVIDERS, R2_BINDING_OVERRIDES } from '#shared/storage/compatibility.ts'

export function rowsAsText(): Plugin {
  return {
    name: 'rows-as-text',
    setup(build) {
      build.onLoad({ filter: /\/shared\/storage\/compatibility\.ts$/ }, () => ({
        contents: source(),
      }))
    },
  }
}

function source(): string {
  return `export const PROVIDERS = [${PROVIDERS.map(rowSource).join()}]
    export const R2_BINDING_OVERRIDES = ${JSON.stringify(R2_BINDING_OVERRIDES)}`
}

/** The front does nothing with how a row is known, nor with what is done instead. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['evidence', 'unsure', 'instead'])

function rowSource({ capabilities, ...facts }: ProviderRow): string {
  const kept = Object.entries(facts).filter(([name]) => !FOR_PEOPLE.has(name))
  const fields = JSON.stringify(Object.fromEntries(kept)).slice(1, -1)
  const text = JSON.stringify(JSON.stringify(capabilities))
  return `{ ${fields}, get capabilities() { return JSON.parse(${text}) } }`
}
