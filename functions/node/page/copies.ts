// How the copies stand, and a button that reads every one of them and mends what is wrong: what was harmed in a folder
// behind Skein's back is whole again a moment later.

import { createApi } from '#shared/client/api.ts'
import { DEFAULT_PATIENCE } from '#shared/client/backoff.ts'
import type { Job, WorkspaceStatus } from '#shared/client/protocol.ts'
import { element, find, messageOf } from './element.ts'
import type { Session } from './session.ts'

const LOOK_MILLISECONDS = 400

interface Mended {
  report: {
    says: string
    repairs: {
      items: { key: string; store: string; kind: string; outcome: string; from?: string }[]
    }
  }
}

export interface Copies {
  refresh: () => Promise<void>
}

/** `mended`: something in the stores may be different now. */
export function watchCopies({ workspace, token }: Session, mended: () => void): Copies {
  const api = createApi({
    ...{ endpoint: location.origin, workspace, token: () => token, patience: DEFAULT_PATIENCE },
    fetch: (...asked) => fetch(...asked),
  })
  const verify = find('verify', HTMLButtonElement)
  const standing = find('standing', HTMLElement)
  const done = find('mended', HTMLElement)

  async function refresh(): Promise<void> {
    const { state, sweeps, issues } = await api.call<WorkspaceStatus>('GET', 'status')
    const last = [sweeps.deep, sweeps.quick].find((one) => one !== undefined)
    standing.dataset['state'] = state
    const [first] = issues
    const says = first?.what ?? last?.says ?? 'Nobody has verified the copies yet.'
    standing.textContent = `${state}: ${says}`
  }

  async function sweep(): Promise<void> {
    const options = { mode: 'deep', repair: 'automatic', settleSeconds: 0 }
    let job = await api.call<Job>('POST', 'jobs', { body: { kind: 'verify', options } })
    while (job.state === 'running') {
      standing.textContent = `Reading every copy: ${job.tally['objects'] ?? 0} objects so far.`
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS))
      job = await api.call<Job>('GET', `jobs/${job.id}`)
    }
    if (job.state !== 'done') throw new Error(job.why ?? `The sweep is ${job.state}.`)
    const { report } = await api.call<Mended>('GET', `jobs/${job.id}/report`)
    const items = report.repairs.items.map(({ key, store, kind, outcome, from }) =>
      element(
        'li',
        { 'data-outcome': outcome },
        `${key} was ${kind} in ${store}: ${told(outcome, from)}.`,
      ),
    )
    done.replaceChildren(...items)
  }

  verify.addEventListener('click', () => {
    verify.disabled = true
    void sweep()
      .then(refresh)
      .catch((error: unknown) => void (standing.textContent = messageOf(error)))
      .finally(() => {
        verify.disabled = false
        mended()
      })
  })
  return { refresh: () => refresh().catch(() => undefined) }
}

function told(outcome: string, from: string | undefined): string {
  return outcome === 'mended' && from !== undefined ? `mended from ${from}` : outcome
}
