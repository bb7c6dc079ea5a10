// Has the queue look for bytes whose sender may never tell of them, where they are seen, or lost from sight,
// before they were verified. Events and sweeps look too; this asks nothing of the provider. Only such plans pay
// for it, and not even those where the runtime lets work go on after the answer.

import type { UploadPlan } from '#shared/client/protocol.ts'
import { MAX_DELAY_SECONDS } from '#shared/jobs/queue.ts'
import type { Platform } from '#shared/platform.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'

/** The queue waits no longer; it is a URL's usual term as well. */
export const LAST_LOOK_SECONDS = MAX_DELAY_SECONDS

/** `keys`: where the bytes will lie. What fails here is no upload's failure. */
export async function lookLater(
  { queue, waitUntil, log }: Platform,
  { name, primary }: Workspace,
  keys: readonly string[],
  afterSeconds: readonly number[] = [LAST_LOOK_SECONDS],
): Promise<void> {
  if (queue === undefined || keys.length === 0) return
  const common = { v: 1, kind: 'upload-arrived', workspace: name, store: primary.name } as const
  const tasks = keys.map((key) => ({ ...common, key }))
  const sent = Promise.all(
    afterSeconds.map((delaySeconds) => queue.send(tasks, { delaySeconds })),
  ).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    log?.(JSON.stringify({ level: 'warn', event: 'upload-unwatched', workspace: name, reason }))
  })
  if (waitUntil) waitUntil(sent)
  else await sent
}

/** Bytes are at their key as soon as they are sent, and something of them is only verified. */
export function isSeenUnverified({ staged, method, enforced }: UploadPlan): boolean {
  if (staged || method === 'parts') return false
  const { size, type, checksum, overwrite } = enforced
  return [size, type, checksum, overwrite].includes('verified')
}
