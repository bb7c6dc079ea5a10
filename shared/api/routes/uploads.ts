// Uploads: planned, cut into parts, resumed, completed, aborted. What they mean is `shared/uploads`' to say.

import * as z from '#shared/shape/shape.ts'
import { ownPrefix } from '#shared/access/refusals.ts'
import type { BatchPlan } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { BatchItem } from '#shared/uploads/uploads.ts'
import { isSeenUnverified, lookLater } from '../look-later.ts'
import { RequestError, toProblem } from '../problems.ts'
import {
  batchRequest,
  completeRequest,
  key,
  partsRequest,
  seconds,
  text,
  uploadRequest,
} from '../requests.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'

const RULED = ['denied', 'invalid', 'too-large', 'unsupported', 'unavailable'] as const
/** For a thousand uploads, or for the parts of one. */
const MAX_MANY_BYTES = 4 * 2 ** 20

const plan = route({
  method: 'post',
  path: '/uploads',
  scopes: ['upload'],
  summary: 'Plan an upload: the signed requests that take the bytes straight to the store',
  query: NO_QUERY,
  body: uploadRequest,
  answer: { status: 200, body: 'UploadPlan' },
  refusals: RULED,
  async handle({ workspace, who, body, platform }) {
    const made = await workspace.uploads.plan(who, body)
    if (isSeenUnverified(made)) await lookLater(platform, workspace, [made.key])
    return made
  },
})

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

/** The bytes never come here: whoever follows the redirect sends them, with type and length again, to the store. */
const redirect = route({
  method: 'put',
  path: '/upload',
  scopes: ['upload'],
  summary: 'Be redirected to a signed PUT, as `curl -LT file` follows',
  query: z.strictObject({
    key,
    ifAbsent: z.optional(z.boolean()),
    expiresInSeconds: z.optional(seconds),
  }),
  body: NO_BODY,
  answer: { status: 307 },
  refusals: RULED,
  async handle({ workspace, who, query, request }) {
    const contentType = request.headers.get('content-type') ?? undefined
    const asked = { ...query, size: lengthOf(request), contentType, method: 'put' } as const
    const { request: signed } = await workspace.uploads.plan(who, asked, { bare: true })
    if (signed === undefined) throw new StorageError('internal', 'A PUT was planned without one.')
    return signed.url
  },
})

function lengthOf({ headers }: Request): number {
  const length = headers.get('content-length')
  if (length !== null && /^\d{1,15}$/.test(length)) return Number(length)
  const sentence = 'The length must be said before the bytes: send `Content-Length`, as for a file.'
  throw new RequestError(411, sentence)
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
