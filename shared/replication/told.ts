// The outside is told of each move of the truth, once: whoever sees that one has not been told tells it.

import type { EpochChange, WorkspaceState } from '#shared/workspaces/state.ts'
import type { ReplicationContext } from './context.ts'
import { webhookTasks } from './webhook.ts'

const EVENTS: Partial<Record<EpochChange['what'], string>> = {
  'failed-over': 'workspace.failed-over',
  'failed-back': 'workspace.failed-back',
}

/** Told twice, a change has the same id: the record of what was told is written afterwards. */
export async function tellMoves(
  context: ReplicationContext,
  { epoch, changes }: WorkspaceState,
): Promise<void> {
  const { ledger, name: workspace, log, send } = context
  const record = `replication/${workspace}/told`
  const told = (await ledger.read<{ epoch: number }>(record))?.epoch ?? 0
  if (told >= epoch) return
  for (const { what, at, ...change } of changes.filter((one) => one.epoch > told)) {
    const type = EVENTS[what]
    if (type === undefined) continue
    const data = { workspace, ...change, at: new Date(at).toISOString() }
    log?.(JSON.stringify({ level: 'warn', event: type, ...data }))
    await send(webhookTasks(context, type, String(change.epoch), data))
  }
  await ledger.write(record, { epoch })
}
