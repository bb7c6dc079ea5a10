// Downloads: a signed URL of the store that the request or the workspace's rules choose, or a redirect to it.

import * as z from '#shared/shape/shape.ts'
import { checkOwnKey } from '#shared/access/refusals.ts'
import type { DownloadOptions } from '#shared/workspaces/downloads.ts'
import { signDownload } from '#shared/workspaces/downloads.ts'
import type { Download, DownloadRequest } from '#shared/client/protocol.ts'
import type { OpenWorkspace } from '#shared/suite.ts'
import { downloadRequest } from '../requests.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'

const REFUSALS = ['denied', 'invalid', 'not-found', 'unsupported', 'unavailable'] as const

const download = route({
  method: 'post',
  path: '/downloads',
  scopes: ['download'],
  summary: 'Sign a download, with the other stores that may hold the object to fall back to',
  query: NO_QUERY,
  body: downloadRequest,
  answer: { status: 200, body: 'Download' },
  refusals: REFUSALS,
  async handle({ workspace, who, body, suite }) {
    checkOwnKey(who, body.key)
    const signed = await signDownload(workspace, body, suite.downloads, judges(workspace))
    countRead(workspace, body, signed)
    return signed
  },
})

/** Who knows of what is found at a store; loaded where one is looked at. */
function judges({ replication }: OpenWorkspace): Pick<DownloadOptions, 'originOf' | 'isDeleted'> {
  return { originOf: () => replication.originOf(), isDeleted: () => replication.isDeleted() }
}

/** How many bytes are asked for is known of a range, and of what was looked at. */
function countRead(
  { cost }: OpenWorkspace,
  { key, range }: Pick<DownloadRequest, 'key' | 'range'>,
  { store, object }: Download,
): void {
  const last = range?.last ?? (object && object.size - 1)
  cost.count(store, key, last === undefined ? undefined : last - (range?.first ?? 0) + 1)
}

const { key, from, expiresInSeconds, disposition, filename, contentType, version, verify } =
  downloadRequest.shape

/** The range is the client's own header, which it sends again. */
const redirect = route({
  method: 'get',
  path: '/download',
  scopes: ['download'],
  summary: 'Be redirected to a signed download',
  query: z.strictObject({
    ...{ key, from, expiresInSeconds, disposition, filename, contentType, version, verify },
  }),
  body: NO_BODY,
  answer: { status: 307 },
  refusals: REFUSALS,
  async handle({ workspace, who, query, suite, request }) {
    checkOwnKey(who, query.key)
    const head = request.method === 'HEAD'
    const options = { redirect: true, head, ...judges(workspace) }
    const signed = await signDownload(workspace, query, suite.downloads, options)
    if (!head) countRead(workspace, query, signed)
    return signed.request.url
  },
})

export const DOWNLOAD_ROUTES = [download, redirect]
