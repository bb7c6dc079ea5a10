// One upload planned: as the requests that take its bytes to the store, or as a redirect to one. This is what a
// cold start is for, so nothing else lies in this file.

import * as z from '#shared/shape/shape.ts'
import type { UploadPlan, UploadRequest } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { isSeenUnverified, lookLater } from '../look-later.ts'
import { RequestError } from '../problems.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'
import { key, seconds, uploadRequest } from '../upload-request.ts'

export const RULED = ['denied', 'invalid', 'too-large', 'unsupported', 'unavailable'] as const

/**
 * V8 drops what it compiled for objects of a form when a collection finds none that has it, as between two requests
 * it finds none of what came as JSON. The last one stays, and with it the code for all that are like it.
 */
const last: { asked?: UploadRequest; made?: UploadPlan } = {}

export const plan = route({
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
    last.asked = body
    last.made = made
    if (isSeenUnverified(made)) await lookLater(platform, workspace, [made.key])
    return made
  },
})

/** The bytes never come here: whoever follows the redirect sends them, with type and length again, to the store. */
export const redirect = route({
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

export const PLAN_ROUTES = [plan, redirect]
