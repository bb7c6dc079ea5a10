// How a workspace is: its stores' health, and how much each of them holds.

import * as z from '#shared/shape/shape.ts'
import { ownPrefix } from '#shared/access/refusals.ts'
import { workspaceStats } from '#shared/workspaces/stats.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'

const status = route({
  method: 'get',
  path: '/status',
  scopes: ['operate'],
  summary: 'Tell how the workspace stands: its stores, its copies, and what to do about each issue',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'WorkspaceStatus' },
  refusals: ['denied'],
  async handle({ workspace, suite, request }) {
    const { standing } = await import('../standing.ts')
    return standing(suite, workspace, request.signal)
  },
})

const stats = route({
  method: 'get',
  path: '/stats',
  scopes: ['operate'],
  summary: 'Count what each store holds, as far as a bounded listing gets',
  query: z.strictObject({ prefix: z.optional(z.string()) }),
  body: NO_BODY,
  answer: { status: 200, body: 'WorkspaceStats' },
  refusals: ['denied', 'unavailable'],
  handle: ({ workspace, who, query, request }) =>
    workspaceStats(workspace, { prefix: ownPrefix(who, query.prefix), signal: request.signal }),
})

export const WORKSPACE_ROUTES = [status, stats]
