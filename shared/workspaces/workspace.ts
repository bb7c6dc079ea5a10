// A workspace as the program uses it: its stores, opened, and which of them is the truth.

import type { Store } from '#shared/storage/store.ts'
import type { DownloadRules } from './download-rules.ts'
import type { WorkspaceState } from './state.ts'

export interface Workspace {
  name: string
  primary: Store
  /** In the order of the configuration. */
  replicas: readonly Store[]
  downloads: DownloadRules
  /**
   * Stores that were the truth before, and may hold what nobody has taken over yet: what the truth lacks, reads look for
   * there. Absent where there are none.
   */
  late?: readonly Store[]
}

/** Primary first. */
export function storesOf({ primary, replicas }: Workspace): readonly Store[] {
  return [primary, ...replicas]
}

/** The workspace while that store is its truth: the others follow it, in the order that they have. */
export function whileActing<W extends Workspace>(workspace: W, acting: string): W {
  const stores = storesOf(workspace)
  const primary = stores.find(({ name }) => name === acting)
  if (primary === undefined || primary === workspace.primary) return workspace
  return { ...workspace, primary, replicas: stores.filter((store) => store !== primary) }
}

/** As that state has it. */
export function whileIn<W extends Workspace>(
  workspace: W,
  { acting, behind }: Pick<WorkspaceState, 'acting' | 'behind'>,
): W {
  const during = whileActing(workspace, acting)
  const late = storesOf(workspace).filter((store) => behind[store.name] && store !== during.primary)
  return late.length === 0 ? during : { ...during, late }
}
