// What is right by itself and wrong together: names of stores and workspaces that there are none of, and two
// names for one thing.

import type { DownloadRules } from '#shared/workspaces/download-rules.ts'
import type { Config } from './config.ts'
import type { Problem } from './problems.ts'
import { nearest } from './spelling.ts'

/** `written`: the names of all stores, those that could not be read too. */
export function misfits(config: Config, written: readonly string[]): Problem[] {
  const { stores, workspaces, hooks, ledger } = config
  const problems: Problem[] = []
  const check = (path: PropertyKey[], store: string) => {
    if (written.includes(store)) return
    const hint = nearest(store, written)
    problems.push({
      path,
      message: `there is no store "${store}"${hint ? `; did you mean "${hint}"?` : ''}`,
    })
  }
  for (const { name, primary, replicas, downloads, cost } of workspaces.values()) {
    check(['workspaces', name, 'primary'], primary)
    const seen = new Set([primary])
    for (const [index, replica] of replicas.entries()) {
      const path = ['workspaces', name, 'replicas', index]
      check(path, replica)
      if (seen.has(replica))
        problems.push({ path, message: `"${replica}" is in this workspace already` })
      seen.add(replica)
    }
    problems.push(...strangers(name, downloads, seen))
    for (const store of Object.keys(cost.places)) {
      const path = ['workspaces', name, 'cost', 'stores', store]
      if (!seen.has(store))
        problems.push({ path, message: `"${store}" is no store of this workspace` })
    }
  }
  if (ledger !== undefined) check(['ledger'], ledger)
  for (const store of hooks.keys()) check(['hooks', store], store)
  const places = new Map<string, string>()
  for (const { name, uri } of stores.values()) {
    const twin = places.get(uri)
    if (twin !== undefined)
      problems.push({ path: ['stores', name], message: `is the same place as stores.${twin}` })
    places.set(uri, name)
  }
  problems.push(...strayRights(config), ...twinTokens(config))
  return problems
}

const SOURCES = ['primary', 'fastest', 'cheapest', 'balanced']

/** Stores that a workspace's downloads name and that it does not have. */
function strangers(
  workspace: string,
  { from, weights, cdn }: DownloadRules,
  stores: ReadonlySet<string>,
): Problem[] {
  const path = ['workspaces', workspace, 'downloads']
  const strange = (where: string[], store: string) => ({
    path: [...path, ...where],
    message: `"${store}" is no store of this workspace`,
  })
  return [
    ...(SOURCES.includes(from) || stores.has(from) ? [] : [strange(['from'], from)]),
    ...Object.keys(weights).flatMap((s) => (stores.has(s) ? [] : [strange(['weights', s], s)])),
    ...Object.keys(cdn).flatMap((s) => (stores.has(s) ? [] : [strange(['cdn', s], s)])),
  ]
}

/** Workspaces that a token or an issuer is for and that there are none of. */
function strayRights({ access: { tokens, issuers }, workspaces }: Config): Problem[] {
  const names = [...workspaces.keys()]
  const of = (list: string, rules: readonly { workspaces: readonly string[] | 'all' }[]) =>
    rules.flatMap(({ workspaces: named }, index) =>
      (named === 'all' ? [] : named)
        .filter((name) => !names.includes(name))
        .map((name) => {
          const hint = nearest(name, names)
          const message = `there is no workspace "${name}"${hint ? `; did you mean "${hint}"?` : ''}`
          return { path: ['access', list, index, 'workspaces'], message }
        }),
    )
  return [...of('tokens', tokens), ...of('jwt', issuers)]
}

/** Of two entries for one token nobody could say which holds. */
function twinTokens({ access: { tokens } }: Config): Problem[] {
  return tokens.flatMap(({ hash }, index) => {
    const first = tokens.findIndex((one) => one.hash === hash)
    if (first === index) return []
    const path = ['access', 'tokens', index, 'hash']
    return [{ path, message: `is the token of access.tokens.${first} already` }]
  })
}
