// Under which names the ledger keeps what cost knows of a workspace.

export const costNames = {
  /** What one instance of a function has counted on one day. */
  reads: (workspace: string, day: string, instance: string) =>
    `cost/${workspace}/reads/${day}/${instance}`,
  readsOfDay: (workspace: string, day: string) => `cost/${workspace}/reads/${day}/`,
  allReads: (workspace: string) => `cost/${workspace}/reads/`,
  allDays: (workspace: string) => `cost/${workspace}/days/`,
  /** All of a day's together, with the instances that are in it. */
  day: (workspace: string, day: string) => `cost/${workspace}/days/${day}`,
  /** What a provider's log told, by the digest of the log, so that none counts twice. */
  imported: (workspace: string, digest: string) => `cost/${workspace}/imported/${digest}`,
  allImported: (workspace: string) => `cost/${workspace}/imported/`,
  inventory: (workspace: string) => `cost/${workspace}/inventory`,
  /** The one that growth is measured against. */
  earlier: (workspace: string) => `cost/${workspace}/inventory-before`,
  /** The budgets that were told of this month. */
  alerts: (workspace: string) => `cost/${workspace}/alerts`,
  /** When reports and advice were last begun by themselves. */
  begun: (workspace: string) => `cost/${workspace}/begun`,
} as const
