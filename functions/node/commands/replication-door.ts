// The copies of a workspace, asked of a deployed suite or of the configuration here. Here there is no queue: what is
// sent on its way is carried out by this process before the command ends.

import type {
  FailbackRequest,
  FailoverRequest,
  FailoverStatus,
  ReplayRequest,
  ReplayResponse,
  ReplicationStatus,
  ResyncRequest,
} from '#shared/client/protocol.ts'
import { openSuite } from '#shared/suite.ts'
import type { Context, Options } from './command.ts'
import { deployed } from './deployed.ts'
import { workspaceNamed } from './jobs-here.ts'

export interface ReplicationDoor {
  status(): Promise<ReplicationStatus>
  replay(request: ReplayRequest): Promise<ReplayResponse>
  resync(request: ResyncRequest): Promise<void>
  failOver(request: FailoverRequest): Promise<FailoverStatus>
  failBack(request: FailbackRequest): Promise<FailoverStatus>
  /** Somebody else carries out what was sent. */
  isElsewhere: boolean
}

export async function replicationDoor(
  context: Context,
  workspace: string,
  options: Options,
): Promise<ReplicationDoor> {
  const endpoint = options.text('endpoint')
  return endpoint === undefined ? here(context, workspace) : elsewhere(context, endpoint, workspace)
}

/** How a change is signed that somebody made from this machine. */
const BY = 'the command line'

async function here(context: Context, name: string): Promise<ReplicationDoor> {
  const work: Promise<unknown>[] = []
  const platform = {
    ...context.platform,
    waitUntil: (one: Promise<unknown>) => void work.push(one),
  }
  const { replication } = workspaceNamed(openSuite(await context.config(), platform), name)
  /** What is carried out may send more. */
  const settled = async (): Promise<void> => {
    while (work.length > 0) await Promise.all(work.splice(0))
  }
  return {
    isElsewhere: false,
    status: () => replication.status(),
    async replay(request) {
      const answer = await replication.replay(request)
      await settled()
      return answer
    },
    async resync(request) {
      await replication.resync(request)
      await settled()
    },
    async failOver(request) {
      const answer = await replication.failOver(request, BY)
      await settled()
      return answer
    },
    async failBack(request) {
      await replication.failBack(request, BY)
      await settled()
      return (await replication.status()).failover!
    },
  }
}

function elsewhere(context: Context, endpoint: string, workspace: string): ReplicationDoor {
  const { signal } = context
  const api = deployed(context, endpoint, workspace)
  return {
    isElsewhere: true,
    status: () => api.call('GET', 'replication', { signal }),
    replay: (body) => api.call('POST', 'replication/replay', { body, signal }),
    resync: (body) => api.call('POST', 'replication/resync', { body, signal }),
    failOver: (body) => api.call('POST', 'failover', { body, signal }),
    failBack: (body) => api.call('POST', 'failback', { body, signal }),
  }
}
