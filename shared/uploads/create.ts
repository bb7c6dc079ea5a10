// The uploads of one workspace, put together.

import type { Principal } from '#shared/access/principal.ts'
import type { UploadRequest } from '#shared/client/protocol.ts'
import type { UploadContext } from './context.ts'
import { createContext } from './context.ts'
import { planParts } from './parts.ts'
import { planUpload } from './plan.ts'
import { RuleError } from './policy.ts'
import type { BatchItem, Uploads, UploadsOptions } from './uploads.ts'

const MOST_IN_A_BATCH = 1000
/** Keys that only IAM holds cost a request a signature; so many at once are polite. */
const SIGNED_AT_ONCE = 32

export function createUploads(options: UploadsOptions): Uploads {
  const context = createContext(options)
  return {
    plan: (who, request, planning) => planUpload(context, who, request, planning),
    batch: (who, requests) => planBatch(context, who, requests),
    copyTerms: (who, request) => context.policy.checkCopy(who, request),
    parts: (who, id, request) => planParts(context, who, id, request),
    state: async (who, id) => (await ends()).uploadState(context, who, id),
    complete: async (who, id, request) => (await ends()).completeUpload(context, who, id, request),
    abort: async (who, id) => (await ends()).abortUpload(context, who, id),
    unfinished: async (who, query) => (await ends()).unfinishedUploads(context, who, query),
    arrived: async (store, key) => (await ends()).completeArrived(context, store, key),
    sweep: async (step) => (await ends()).sweepUploads(context, step),
  }
}

const ends = () => import('./ends.ts')

async function planBatch(
  context: UploadContext,
  who: Principal,
  requests: readonly UploadRequest[],
): Promise<BatchItem[]> {
  if (requests.length > MOST_IN_A_BATCH) {
    const message = `A batch holds ${MOST_IN_A_BATCH} uploads at most, not ${requests.length}.`
    throw new RuleError('batch', message, { kind: 'too-large' })
  }
  const plan = (request: UploadRequest): Promise<BatchItem> =>
    planUpload(context, who, request, { later: true }).then(
      (made) => ({ plan: made }),
      (error: unknown) => ({ error }),
    )
  const items: BatchItem[] = []
  for (let first = 0; first < requests.length; first += SIGNED_AT_ONCE) {
    items.push(...(await Promise.all(requests.slice(first, first + SIGNED_AT_ONCE).map(plan))))
  }
  return items
}
