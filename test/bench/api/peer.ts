// The peers: a Hono route that does all that Skein's does for a plan, by Skein's own modules (the same token,
// the same check of the body, the same rules, the same sealed id and mark, the same answer), and leaves the
// signing to a library. So what is compared is that library with all that Skein's route has around its own.

import type { Context } from 'hono'
import { Hono } from 'hono'
import * as z from '#shared/shape/shape.ts'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import { authorize } from '#shared/access/refusals.ts'
import { uploadRequest } from '#shared/api/upload-request.ts'
import type { UploadPlan } from '#shared/client/protocol.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'
import { openSuite } from '#shared/suite.ts'
import type { UploadContext } from '#shared/uploads/context.ts'
import { createContext } from '#shared/uploads/context.ts'
import type { Upload } from '#shared/uploads/ticket.ts'
import { newNonce, sealMark, sealTicket } from '#shared/uploads/ticket.ts'
import { BUCKET, PLAN_STATUS, REGION, ROUTE, STORE, WORKSPACE } from '../route.ts'
import type { Place, SignPut } from './signers.ts'
import { MARK, SIGNERS } from './signers.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `PEER` names the library; the rest of the environment is Skein's own. */
export async function openPeer(env: Environment): Promise<Hono> {
  const platform: Platform = { env, fileSystem: false, now: Date.now }
  const suite = openSuite(await findConfig(platform), platform)
  const { access, stores, workspaces } = suite.config
  const authenticate = createAuthenticate(access, Date.now)
  const context = createContext({
    workspace: suite.workspace(WORKSPACE)!,
    rules: workspaces.get(WORKSPACE)!.uploads,
    seal: suite.seal,
    records: suite.store(STORE),
    now: Date.now,
  })
  const credentials = stores.get(STORE)!.options.credentials as Place['credentials']
  const sign = SIGNERS[env['PEER'] ?? '']!({ bucket: BUCKET, region: REGION, credentials })
  return new Hono().post(ROUTE, async (c) => {
    const who = await authenticate(c.req.header('authorization'))
    authorize(who, WORKSPACE, ['upload'])
    return c.json(await plan(c, context, who, sign), PLAN_STATUS)
  })
}

async function plan(
  c: Context,
  context: UploadContext,
  who: Awaited<ReturnType<ReturnType<typeof createAuthenticate>>>,
  sign: SignPut,
): Promise<UploadPlan> {
  const request = z.parse(uploadRequest, await c.req.json())
  const { key, size = 0, contentType = '', expiresInSeconds } = context.policy.check(who, request)
  const upload: Upload = {
    nonce: newNonce(),
    key,
    staged: false,
    constraints: { minBytes: size, maxBytes: size, type: contentType },
    expires: Date.now() + expiresInSeconds * 1000,
  }
  const headers = {
    'content-length': String(size),
    'content-type': contentType,
    [MARK]: sealMark(context, upload),
  }
  return {
    id: sealTicket(context, { ...upload, method: 'put' }),
    key,
    store: context.store.name,
    method: 'put',
    request: { method: 'PUT', url: await sign({ key, headers, expiresInSeconds }), headers },
    staged: false,
    enforced: { size: 'signed', type: 'signed', checksum: 'open', overwrite: 'open' },
    expiresAt: new Date(upload.expires).toISOString(),
  }
}
