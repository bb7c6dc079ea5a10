// Jobs that this process works off by itself, with their records where everybody else finds them: what is
// interrupted here goes on from there, by this command, another machine, or a deployed suite.

import { parseStoreUri } from '#shared/storage/address.ts'
import { jobsLater } from '#shared/job-kinds.ts'
import type { Engine, JobView } from '#shared/jobs/engine.ts'
import type { Here } from '#shared/jobs/here.ts'
import { createHere } from '#shared/jobs/here.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { costRules } from '#shared/cost/rules.ts'
import { openSwitchable } from '#shared/migration/switchable.ts'
import { copyRules } from '#shared/replication/copy-rules.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Suite } from '#shared/suite.ts'
import { openSuite } from '#shared/suite.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import { pause } from '#shared/wire/retry.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'

export interface JobsHere {
  engine: Engine
  here: Here
  /** What the steps have sent on its way beside the job is done. */
  settled: () => Promise<void>
}

/** Of a workspace of the configuration, or of none: then `ledger` says where the job's records are kept. */
export async function jobsHere(
  context: Context,
  about: { workspace: string } | { ledger: string },
): Promise<JobsHere> {
  const work: Promise<unknown>[] = []
  const platform = {
    ...context.platform,
    waitUntil: (one: Promise<unknown>) => void work.push(one),
  }
  const suite = openSuite(await context.config(), platform)
  const workspace = 'workspace' in about ? workspaceNamed(suite, about.workspace) : undefined
  const { config } = suite
  const store = (text: string): Store =>
    config.stores.has(text) ? suite.store(text) : openUri(text, suite)
  const kept = 'ledger' in about ? about.ledger : (config.ledger ?? workspace!.primary.name)
  const here = createHere(platform.now)
  const ledger = createLedger(store(kept))
  const rules = workspace && config.workspaces.get(workspace.name)?.replication
  const engine = jobsLater(async () => ({
    workspace: workspace?.name ?? '',
    stores: workspace ? storesOf(workspace) : [],
    ...{ store, ledger, seal: suite.seal },
    cost: (workspace && config.workspaces.get(workspace.name)?.cost) ?? costRules(),
    ...(workspace && {
      ...(workspace.acting && { truth: async () => (await workspace.acting!()).primary.name }),
      switchable: () => openSwitchable(workspace, workspace.replication),
    }),
    copies: workspace && rules && copyRules(rules, workspace.name, ledger),
    ...{ prices: suite.prices, now: platform.now, log: platform.log },
    send: (...tasks) => here.send(...tasks),
  }))
  const settled = async (): Promise<void> => {
    while (work.length > 0) await Promise.all(work.splice(0))
  }
  return { engine, here, settled }
}

export function workspaceNamed(suite: Suite, name: string) {
  const found = suite.workspace(name)
  if (found) return found
  const known = [...suite.config.workspaces.keys()].join(', ') || 'none'
  throw new UsageError(`There is no workspace "${name}"; the configuration has ${known}.`)
}

function openUri(text: string, { platform }: Suite): Store {
  parseStoreUri(text)
  return openStore(text, platform)
}

export interface RunOptions {
  /** Steps at a time. */
  atOnce: number
  /** Told every half second or so, and once at the end. */
  onView?: ((view: JobView) => void) | undefined
}

const LOOK_SECONDS = 0.5

/** Works until the job rests or ends. Interrupted, it pauses the job and returns when the steps in hand have left their cursors. */
export async function runHere(
  context: Context,
  { engine, here, settled }: JobsHere,
  id: string,
  { atOnce, onView }: RunOptions,
): Promise<JobView> {
  const over = new AbortController()
  const stop = (): void => void engine.pause(id, 'Interrupted; resume it.').catch(() => {})
  context.signal.addEventListener('abort', stop, { once: true })
  const looking = look(engine, id, over.signal, onView)
  try {
    await here.run(engine, { atOnce })
    await settled()
  } finally {
    over.abort()
    await looking
    context.signal.removeEventListener('abort', stop)
  }
  const view = await engine.view(id)
  onView?.(view)
  return view
}

async function look(
  engine: Engine,
  id: string,
  signal: AbortSignal,
  onView: RunOptions['onView'],
): Promise<void> {
  if (!onView) return
  while (!signal.aborted) {
    await pause(LOOK_SECONDS, signal).catch(() => {})
    if (signal.aborted) return
    const view = await engine.view(id).catch(() => undefined)
    if (view) onView(view)
  }
}
