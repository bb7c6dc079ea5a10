// What the check of a configuration came to, as a variable beside the configuration: whoever starts with it need
// not check again, nor load what checks. It holds for exactly what was looked at: under its stamp are the
// configuration's text, every variable that the check read, set or not, and the edition of the program's rules.
// Where anything is otherwise it holds for nothing, and the configuration is to be checked in full.

import type { HookRule } from '#shared/events/rules.ts'
import type { Platform } from '#shared/platform.ts'
import type { StoreAddress } from '#shared/storage/address.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { sha256 } from '#shared/wire/sha256.ts'
import type { Config, StoreConfig, WorkspaceConfig } from './config.ts'
import { EDITION } from './edition.ts'

export const CHECKED_VARIABLE = 'SKEIN_CHECKED'

type Env = Platform['env']

/** `names`: of the variables that the check read. */
export function writeChecked(config: Config, names: readonly string[], env: Env): string {
  const text = asText(config)
  return [EDITION, stampOf(text, names.join(), env), names.join(), text].join(' ')
}

export function asText({ stores, workspaces, hooks, ...rest }: Config): string {
  const opened = [...stores].map(([name, store]) => [name, { ...store, address: written(store) }])
  const lists = { stores: opened, workspaces: [...workspaces], hooks: [...hooks] }
  return JSON.stringify({ ...rest, ...lists })
}

/** A row is the program's own: its name stands for it. */
function written({ uri }: StoreConfig): WrittenAddress {
  const { row, ...address } = parseStoreUri(uri)
  return { ...address, row: row.id }
}

/** Undefined where there is none that holds. */
export function readChecked(env: Env): Config | undefined {
  const checked = env[CHECKED_VARIABLE] ?? ''
  const [edition = '', stamp = '', names = ''] = checked.split(' ', 3)
  const text = checked.slice(`${edition} ${stamp} ${names} `.length)
  if (edition !== EDITION || stamp !== stampOf(text, names, env)) return undefined
  const { stores, workspaces, hooks, ...rest } = JSON.parse(text) as Listed
  return {
    ...rest,
    stores: new Map(stores.map(([name, store]) => [name, withRow(store)])),
    workspaces: new Map(workspaces),
    hooks: new Map(hooks),
  }
}

function withRow({ address, ...store }: WrittenStore): StoreConfig {
  const row = PROVIDERS.find(({ id }) => id === address.row)
  return row ? { ...store, address: { ...address, row } } : store
}

type WrittenAddress = Omit<StoreAddress, 'row'> & { row: string }
type WrittenStore = Omit<StoreConfig, 'address'> & { address: WrittenAddress }
type Listed = Omit<Config, 'stores' | 'workspaces' | 'hooks'> & {
  stores: [string, WrittenStore][]
  workspaces: [string, WorkspaceConfig][]
  hooks: [string, HookRule][]
}

/** An absent variable is not an empty one. The lines before the last have no line break in them. */
function stampOf(text: string, names: string, env: Env): string {
  const values = names.split(',').map((name) => env[name] ?? null)
  return sha256([EDITION, names, text, JSON.stringify(values)].join('\n'), 'base64url')
}
