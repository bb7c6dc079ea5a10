// Uploads: planned by the thousand, cut into parts, resumed, completed, aborted. What they mean is `shared/uploads`' to say.

import * as z from '#shared/shape/shape.ts'
import { ownPrefix } from '#shared/access/refusals.ts'
import type { BatchPlan } from '#shared/client/protocol.ts'
import type { BatchItem } from '#shared/uploads/uploads.ts'
import { isSeenUnverified, lookLater } from '../look-later.ts'
import { toProblem } from '../problems.ts'
import { batchRequest, completeRequest, partsRequest } from '../requests.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'
import { text } from '../upload-request.ts'
import { RULED, plan, redirect } from './plans.ts'

/** For a thousand uploads, or for the parts of one. */
const MAX_MANY_BYTES = 4 * 2 ** 20

const batch = route({
  method: 'post',
  path: '/uploads/batch',
  scopes: ['upload'],
  summary: 'Plan up to 1,000 uploads; an upload in parts begins with its first `parts` call',
  query: NO_QUERY,
  body: batchRequest,
  maxBodyBytes: MAX_MANY_BYTES,
  answer: { status: 200, body: 'BatchPlan' },
  refusals: RULED,
  async handle({ workspace, who, body, platform }) {
    const items = await workspace.uploads.batch(who, body.uploads)
    const plans = items.flatMap((item) => ('plan' in item ? item.plan : []))
    const keys = plans.filter(isSeenUnverified).map(({ key: name }) => name)
    await lookLater(platform, workspace, keys)
    return { uploads: items.map(toPlanned) }
  },
})

function toPlanned(item: BatchItem): BatchPlan['uploads'][number] {
  return 'plan' in item ? item : { problem: toProblem(item.error) }
}

const state = route({
  method: 'get',
  path: '/uploads/:id',
  scopes: ['upload'],
  summary: 'What has arrived of an upload, for whoever resumes it',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'UploadState' },
  refusals: ['denied', 'unavailable'],
  handle: ({ workspace, who, id }) => workspace.uploads.state(who, id),
})

const parts = route({
  method: 'post',
  path: '/uploads/:id/parts',
  scopes: ['upload'],
  summary: 'Signed requests for further parts, at most 100',
  query: NO_QUERY,
  body: partsRequest,
  answer: { status: 200, body: 'PartsPlan' },
  refusals: ['denied', 'invalid', 'not-found', 'unsupported', 'unavailable'],
  handle: ({ workspace, who, id, body }) => workspace.uploads.parts(who, id, body),
})

const complete = route({
  method: 'post',
  path: '/uploads/:id/complete',
  scopes: ['upload'],
  summary: 'Verify what is really there and accept it; a replay answers what was accepted first',
  query: NO_QUERY,
  body: completeRequest,
  maxBodyBytes: MAX_MANY_BYTES,
  answer: { status: 200, body: 'CompletedObject' },
  refusals: ['denied', 'invalid', 'corrupt', 'exists', 'not-found', 'precondition', 'unavailable'],
  handle: ({ workspace, who, id, body }) => workspace.uploads.complete(who, id, body),
})

const abort = route({
  method: 'delete',
  path: '/uploads/:id',
  scopes: ['upload'],
  summary: 'Give an upload up, with all that has arrived of it',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 204 },
  refusals: ['denied', 'unavailable'],
  handle: ({ workspace, who, id }) => workspace.uploads.abort(who, id),
})

const unfinished = route({
  method: 'get',
  path: '/uploads',
  scopes: ['upload'],
  summary: 'Uploads in parts that were begun and not completed',
  query: z.strictObject({ prefix: z.optional(z.string()), cursor: z.optional(text) }),
  body: NO_BODY,
  answer: { status: 200, body: 'UnfinishedUploads' },
  refusals: ['denied', 'invalid', 'unsupported', 'unavailable'],
  handle: ({ workspace, who, query: { prefix, cursor } }) =>
    workspace.uploads.unfinished(who, { prefix: ownPrefix(who, prefix), cursor }),
})

export const UPLOAD_ROUTES = [plan, batch, redirect, unfinished, state, parts, complete, abort]
