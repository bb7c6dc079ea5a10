// Objects of a workspace, over all its stores: listed, described, deleted, copied.

import * as z from '#shared/shape/shape.ts'
import { checkOwnKey, ownPrefix } from '#shared/access/refusals.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import { copyObject, describeObject } from '#shared/workspaces/objects.ts'
import { copyRequest } from '../requests.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'
import { key } from '../upload-request.ts'

const MOST_LISTED = 1000
const LONGEST_CURSOR = 8192

const list = route({
  method: 'get',
  path: '/objects',
  scopes: ['list'],
  summary: 'List objects; with `stores=all`, what each store holds of them',
  query: z.strictObject({
    prefix: z.optional(z.string()),
    delimiter: z.optional(z.string()),
    limit: z.optional(z.int().check(z.positive(), z.maximum(MOST_LISTED))),
    cursor: z.optional(z.string().check(z.maxLength(LONGEST_CURSOR))),
    stores: z.optional(z.enum(['primary', 'all'])),
  }),
  body: NO_BODY,
  answer: { status: 200, body: 'ObjectList' },
  refusals: ['denied', 'invalid', 'unavailable'],
  async handle({ workspace, who, query, suite, request }) {
    const prefix = ownPrefix(who, query.prefix)
    const asked = { ...query, prefix, signal: request.signal }
    if (!workspace.late) return listObjects(workspace, asked)
    const { circuits } = suite.downloads
    return listObjects(workspace, {
      ...asked,
      isDeleted: await workspace.replication.isDeleted(),
      isAway: (store) => circuits.isOpen(store),
    })
  },
})

const describe = route({
  method: 'get',
  path: '/object',
  scopes: ['list'],
  summary: 'Describe one object, with its state at every store',
  query: z.strictObject({ key }),
  body: NO_BODY,
  answer: { status: 200, body: 'ObjectDescription' },
  refusals: ['denied', 'invalid', 'not-found', 'unavailable'],
  async handle({ workspace, who, query, request }) {
    checkOwnKey(who, query.key)
    const { replication } = workspace
    const [judge, isDeleted] = await Promise.all([replication.judge(), replication.isDeleted()])
    return describeObject(workspace, query.key, { judge, isDeleted, signal: request.signal })
  },
})

const remove = route({
  method: 'delete',
  path: '/object',
  scopes: ['delete'],
  summary: 'Delete an object, from its copies as the workspace has it, or as `from` says',
  query: z.strictObject({ key, from: z.optional(z.enum(['all', 'primary'])) }),
  body: NO_BODY,
  answer: { status: 200, body: 'DeleteResponse' },
  refusals: ['denied', 'invalid', 'unavailable'],
  handle({ workspace, who, query, request }) {
    checkOwnKey(who, query.key)
    const { key: asked, from } = query
    return workspace.replication.remove(asked, { from, signal: request.signal })
  },
})

const copy = route({
  method: 'post',
  path: '/objects/copy',
  scopes: ['download', 'upload'],
  summary: 'Copy an object within the workspace, at its primary',
  query: NO_QUERY,
  body: copyRequest,
  answer: { status: 200, body: 'CopyResponse' },
  refusals: ['denied', 'exists', 'invalid', 'not-found', 'unsupported', 'unavailable'],
  async handle({ workspace, who, body, platform, request }) {
    checkOwnKey(who, body.from)
    const terms = workspace.uploads.copyTerms(who, body)
    const { replication, late } = workspace
    if (late) await (await replication.moving()).bring(body.from)
    const made = await copyObject(workspace, terms, { signal: request.signal })
    const { key: to, store: at, size } = made
    await replication.changed(to, { since: platform.now(), at, size })
    return made
  },
})

export const OBJECT_ROUTES = [list, describe, remove, copy]
