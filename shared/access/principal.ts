// Who asks, and what he may do. Made by a token or a JWT; routes and rules look at nothing else.

export const SCOPES = ['upload', 'download', 'list', 'delete', 'operate'] as const

/** `operate`: status, stats, sweeps and jobs. */
export type Scope = (typeof SCOPES)[number]

export interface Principal {
  /** For logs and records; never a secret. */
  name: string
  workspaces: readonly string[] | 'all'
  scopes: ReadonlySet<Scope>
  /** Every key that it may name or see begins so; empty for all. */
  prefix: string
  /** What `{…}` in a workspace's key patterns stands for. */
  claims: Readonly<Record<string, string>>
}
