// How far each replica is behind, as the ledger tells it: the same whichever instance answers.

import type { ReplicationStatus } from '#shared/client/protocol.ts'
import { seriesName } from '#shared/metrics/counters.ts'
import { FAMILIES } from '#shared/metrics/families.ts'
import type { Suite } from '#shared/suite.ts'

type Series = [name: string, value: number]

export async function replicationGauges(suite: Suite): Promise<Series[]> {
  const names = [...suite.config.workspaces.keys()].filter(
    (name) => suite.config.workspaces.get(name)!.replicas.length > 0,
  )
  return (await Promise.all(names.map((name) => gaugesOf(suite, name)))).flat()
}

/** Where the ledger does not answer, that is what is told. */
async function gaugesOf(suite: Suite, name: string): Promise<Series[]> {
  const up = seriesName(FAMILIES.ledgerUp.name, { workspace: name })
  try {
    const status = await suite.workspace(name)!.replication.status()
    return [[up, 1], ...seriesOf(status)]
  } catch {
    return [[up, 0]]
  }
}

function seriesOf({ workspace, replicas, heldDeletes }: ReplicationStatus): Series[] {
  const { lag, waiting } = FAMILIES
  return [
    [seriesName(FAMILIES.heldDeletes.name, { workspace }), heldDeletes],
    ...replicas.flatMap(({ store, lagSeconds, late, setAside, findings }): Series[] => {
      const labels = { workspace, store }
      const state = (word: string) => seriesName(waiting.name, { ...labels, state: word })
      return [
        [seriesName(lag.name, labels), lagSeconds],
        [state('late'), late],
        [state('set-aside'), setAside],
        [state('found'), findings],
      ]
    }),
  ]
}
