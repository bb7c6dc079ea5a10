// The token inside the URL that an application hands to Uppy, which sends no headers of ours. It is sealed
// and says whose uploads these are, for how long, and nothing that may do more than upload.

import type { Principal } from '#shared/access/principal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Suite } from '#shared/suite.ts'
import type { Seal } from '#shared/seal.ts'

interface Pass {
  workspace: string
  name: string
  prefix: string
  /** Those alone that the workspace's key patterns speak of. */
  claims: Readonly<Record<string, string>>
  /** Seconds since the epoch. */
  expires: number
}

export interface UppyAsk {
  workspace: string
  who: Principal
  /** The workspace's patterns of keys. */
  patterns: readonly string[]
  expires: number
}

export function sealPass(seal: Seal, { workspace, who, patterns, expires }: UppyAsk): string {
  const { name, prefix, claims } = who
  const spoken = Object.entries(claims).filter(([claim]) => {
    return patterns.some((pattern) => pattern.includes(`{${claim}}`))
  })
  const pass: Pass = { workspace, name, prefix, claims: Object.fromEntries(spoken), expires }
  return seal.seal('uppy', pass)
}

/** Throws `denied` for a token that is forged, of another workspace, or over. */
export function openPass(seal: Seal, token: string, workspace: string, nowMs: number): Principal {
  const pass = seal.open('uppy', token) as Pass
  if (pass.workspace !== workspace) {
    throw new StorageError('denied', 'This Uppy endpoint is for another workspace.')
  }
  if (pass.expires * 1000 <= nowMs) {
    const ended = new Date(pass.expires * 1000).toISOString()
    throw new StorageError('denied', `This Uppy endpoint ended at ${ended}; ask for another.`)
  }
  const { name, prefix, claims } = pass
  return { name, prefix, claims, workspaces: [workspace], scopes: new Set(['upload']) }
}

/** What the workspace says of keys; empty where it says nothing. */
export function patternsOf({ config }: Suite, workspace: string): readonly string[] {
  return config.workspaces.get(workspace)?.uploads.keys ?? []
}

/** Where the workspace's routes are, as the outside sees them. */
export function baseOf({ config, platform }: Suite, request: Request, workspace: string): string {
  const said = config.server.publicUrl ?? platform.env['SKEIN_PUBLIC_URL']
  const origin = said ?? new URL(request.url).origin
  return `${origin.replace(/\/+$/, '')}/v1/${workspace}`
}
