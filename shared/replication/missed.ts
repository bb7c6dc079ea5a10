// Changes that are not at a replica by the time that the rules allow: told once when they are missed, and once
// when the replica has caught up.

import type { Task } from '#shared/platform.ts'
import type { ReplicationContext } from './context.ts'
import { replicationStatus } from './status.ts'
import { webhookTasks } from './webhook.ts'

interface Missed {
  since: string
}

export async function tellMissed(context: ReplicationContext): Promise<Task[]> {
  const { rules, ledger, name: workspace, log } = context
  const { replicas } = await replicationStatus(context)
  const tasks: Task[] = []
  for (const { store, lagSeconds, oldestChange, late, setAside } of replicas) {
    const name = `replication/${workspace}/missed/${store}`
    const told = await ledger.read<Missed>(name)
    const isMissed = oldestChange !== undefined && lagSeconds > rules.missedAfterSeconds
    if (isMissed && !told) {
      const data = { workspace, store, lagSeconds, oldestChange, late, setAside }
      log?.(JSON.stringify({ level: 'warn', event: 'replication.missed', ...data }))
      tasks.push(...webhookTasks(context, 'replication.missed', `${store} ${oldestChange}`, data))
      await ledger.write(name, { since: oldestChange })
    }
    if (!isMissed && told) {
      const data = { workspace, store, since: told.since }
      const about = `${store} ${told.since}`
      tasks.push(...webhookTasks(context, 'replication.caught-up', about, data))
      await ledger.remove(name)
    }
  }
  return tasks
}
