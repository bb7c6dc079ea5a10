// How a workspace stands: its stores asked now, and what the ledger has of its copies. A ledger that does not answer
// is an issue by itself, and hides nothing else.

import type { WorkspaceStatus } from '#shared/client/protocol.ts'
import { readLast } from '#shared/integrity/last.ts'
import { standingOf } from '#shared/integrity/standing.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { OpenWorkspace, Suite } from '#shared/suite.ts'
import { workspaceStatus } from '#shared/workspaces/status.ts'

export async function standing(
  suite: Pick<Suite, 'config' | 'store' | 'downloads' | 'platform'>,
  workspace: OpenWorkspace,
  signal: AbortSignal,
): Promise<WorkspaceStatus> {
  const { config, downloads, platform } = suite
  const { name, primary } = workspace
  const ledger = createLedger(suite.store(config.ledger ?? primary.name))
  const { circuits } = downloads
  const [status, replication, quick, deep] = await Promise.all([
    workspaceStatus(workspace, { circuits, signal }),
    workspace.replication.status().catch(unknownWhereStorageFails),
    readLast(ledger, name, 'quick').catch(unknownWhereStorageFails),
    readLast(ledger, name, 'deep').catch(unknownWhereStorageFails),
  ])
  const rules = config.workspaces.get(name)
  const { missedAfterSeconds = 900 } = rules?.replication ?? {}
  return standingOf({
    ...{ status, replication, quick, deep, missedAfterSeconds },
    rules: rules?.integrity,
    now: platform.now(),
  })
}

function unknownWhereStorageFails(error: unknown): undefined {
  if (!isStorageError(error)) throw error
  return undefined
}
