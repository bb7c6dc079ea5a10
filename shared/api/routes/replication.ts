// The copies of a workspace: what is late, and what to do about it.

import { checkOwnKey, ownPrefix } from '#shared/access/refusals.ts'
import { failbackRequest, failoverRequest, replayRequest, resyncRequest } from '../requests.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'

const status = route({
  method: 'get',
  path: '/replication',
  scopes: ['operate'],
  summary: 'Tell what is not yet at each replica, and what was given up',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'ReplicationStatus' },
  refusals: ['denied', 'unavailable'],
  handle({ workspace, who }) {
    checkOwnKey(who, '')
    return workspace.replication.status()
  },
})

const replay = route({
  method: 'post',
  path: '/replication/replay',
  scopes: ['operate'],
  summary: 'Send on their way again the changes that were set aside or found',
  query: NO_QUERY,
  body: replayRequest,
  answer: { status: 200, body: 'ReplayResponse' },
  refusals: ['denied', 'invalid', 'unavailable'],
  handle({ workspace, who, body }) {
    checkOwnKey(who, body.key ?? '')
    return workspace.replication.replay(body)
  },
})

const resync = route({
  method: 'post',
  path: '/replication/resync',
  scopes: ['operate'],
  summary: 'Compare everything below a prefix with every replica, and copy what differs',
  query: NO_QUERY,
  body: resyncRequest,
  answer: { status: 204 },
  refusals: ['denied', 'invalid', 'unavailable'],
  handle: ({ workspace, who, body }) =>
    workspace.replication.resync({ ...body, prefix: ownPrefix(who, body.prefix) }),
})

const failOver = route({
  method: 'post',
  path: '/failover',
  scopes: ['operate'],
  summary: 'Have another store take the writes, which the others follow from now on',
  query: NO_QUERY,
  body: failoverRequest,
  answer: { status: 200, body: 'FailoverStatus' },
  refusals: ['denied', 'invalid', 'precondition', 'unavailable'],
  handle({ workspace, who, body }) {
    checkOwnKey(who, '')
    return workspace.replication.failOver(body, who.name)
  },
})

const failBack = route({
  method: 'post',
  path: '/failback',
  scopes: ['operate'],
  summary: 'Have the primary take the writes again, once it holds all that was written meanwhile',
  query: NO_QUERY,
  body: failbackRequest,
  answer: { status: 200, body: 'FailoverStatus' },
  refusals: ['denied', 'invalid', 'precondition', 'unavailable'],
  handle({ workspace, who, body }) {
    checkOwnKey(who, '')
    return workspace.replication.failBack(body, who.name)
  },
})

export const REPLICATION_ROUTES = [status, replay, resync, failOver, failBack]
