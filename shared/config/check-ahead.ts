// Checks a configuration before it is deployed, as the functions would that it is for: with their variables, and
// without files. Everything that the check reads of the variables is noted, so that it holds for nothing else.

import type { Platform } from '#shared/platform.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { sha256 } from '#shared/wire/sha256.ts'
import { asText, writeChecked } from './checked.ts'
import { readConfig } from './config.ts'
import { findConfig } from './find.ts'
import { jsonSchema } from './schema.ts'

/** What `SKEIN_CHECKED` is to be, beside these variables. Throws what is wrong with the configuration. */
export async function checkAhead(variables: Platform['env']): Promise<string> {
  const read = new Set<string>()
  const env = new Proxy(variables, {
    get(target, name) {
      if (typeof name !== 'string') return undefined
      read.add(name)
      return target[name]
    },
  })
  const config = await findConfig({ env, fileSystem: false, now: Date.now })
  return writeChecked(config, [...read], variables)
}

/** Another one as soon as other configurations are right, or the same come to something else. */
export function editionOf(version: string): string {
  const plain = { stores: { a: 'memory:a' }, workspaces: { a: { primary: 'a' } } }
  const config = readConfig(plain, '', { env: {}, fileSystem: false, now: Date.now })
  const rules = JSON.stringify([jsonSchema(), asText(config), PROVIDERS])
  return `${version}-${sha256(rules, 'base64url').slice(0, 12)}`
}
