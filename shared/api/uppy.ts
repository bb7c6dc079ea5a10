// Uppy as it is: what `@uppy/aws-s3` 6.3 asks of its companion, answered by Skein's own uploads. Uppy sends
// neither a size nor headers of ours, so the credential is in the URL, the size is verified when the bytes
// are there, and nothing is seen at its key before that. https://uppy.io/docs/aws-s3/

import type { Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Principal } from '#shared/access/principal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { OpenWorkspace, Suite } from '#shared/suite.ts'
import { STAGING_PREFIX } from '#shared/uploads/ticket.ts'
import { LAST_LOOK_SECONDS, lookLater } from './look-later.ts'
import { problem, problemResponse } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { baseOf, openPass, patternsOf } from './uppy-access.ts'
import { fitMetadata, keyFor } from './uppy-file.ts'
import { readCompletion, readFile, readFormFile, readLanding } from './uppy-requests.ts'

const ENDPOINT = '/v1/:workspace/uppy/:token'
/** When to look for a form's object: nobody tells that it has arrived. */
const LOOK_AFTER_SECONDS = [60, LAST_LOOK_SECONDS]

type Ctx = Context<ApiEnv>

interface Asked {
  who: Principal
  workspace: OpenWorkspace
  patterns: readonly string[]
  /** Where this workspace's routes are, as the outside sees them. */
  base: string
}

type Answer = (asked: Asked, c: Ctx) => Promise<object>

export function serveUppy(api: Hono<ApiEnv>, suite: Suite): void {
  // The URL is the credential, for whatever page holds it: an origin is nothing to check.
  api.use(`${ENDPOINT}/*`, cors({ origin: '*', allowHeaders: ['content-type'], maxAge: 3600 }))
  api.use(`${ENDPOINT}/*`, async (c, next) => {
    c.header('cache-control', 'no-store')
    await next()
  })
  const routes: [method: string, path: string, answer: Answer][] = [
    ['GET', '/params', (asked, c) => planForm(suite, asked, c)],
    ['POST', '/done', finish],
    ['POST', '/multipart', begin],
    ['GET', '/multipart/:id', listParts],
    ['DELETE', '/multipart/:id', abort],
    ['GET', '/multipart/:id/:number', signPart],
    ['POST', '/multipart/:id/complete', complete],
  ]
  for (const [method, path, answer] of routes) {
    api.on(method, `${ENDPOINT}/s3${path}`, async (c) =>
      c.json(await answer(await enter(suite, c), c)),
    )
  }
  // Says nothing of the path, which holds the credential.
  api.all(`${ENDPOINT}/*`, () => {
    return problemResponse(problem('not-found', 'Uppy has no such request.'))
  })
}

async function enter(suite: Suite, c: Ctx): Promise<Asked> {
  const { workspace: name = '', token = '' } = c.req.param()
  const who = openPass(suite.seal, token, name, suite.platform.now())
  const found = suite.workspace(name)
  const workspace = found?.acting ? await found.acting() : found
  if (workspace === undefined) {
    throw new StorageError('denied', 'The workspace of this Uppy endpoint is no longer configured.')
  }
  return { who, workspace, patterns: patternsOf(suite, name), base: baseOf(suite, c.req.raw, name) }
}

/** A form takes any length that the workspace allows; the rest is seen to when it has arrived. */
async function planForm(suite: Suite, { who, workspace, patterns }: Asked, c: Ctx) {
  const { uploads, primary } = workspace
  if (!primary.capabilities.presign?.actions.includes('form')) throw formless(primary)
  const { fileName, contentType, metadata: given } = readFormFile(c.req.query())
  const { metadata, dropped } = fitMetadata(given)
  const key = keyFor(who, patterns, fileName)
  const plan = await uploads.plan(who, { key, contentType, metadata, method: 'form' })
  const { url, fields = {} } = plan.request!
  // Uppy calls nobody after a form, and refuses one that redirects (`buildPostPolicyForm` of its S3 client).
  const landing = landingOf(primary, fields['key'] ?? '')
  await lookLater(suite.platform, workspace, [landing], LOOK_AFTER_SECONDS)
  return { method: 'POST', url, fields, expiresAt: plan.expiresAt, dropped }
}

/**
 * For an application that wants to know at once: the `key` that Uppy tells, of a form or of parts. What
 * was sent in parts has been completed by Uppy already.
 */
async function finish({ who, workspace, base }: Asked, c: Ctx) {
  const { primary, uploads } = workspace
  const landing = landingOf(primary, await readLanding(c.req.raw))
  if (!landing.startsWith(STAGING_PREFIX)) return describe(primary, who, landing, base)
  const arrival = await uploads.arrived(primary.name, landing)
  if (arrival.became === 'quarantined') throw new StorageError('invalid', arrival.reason)
  if (arrival.became === 'ignored' || !arrival.object.key.startsWith(who.prefix)) throw unknownKey()
  return told(arrival.object, base)
}

async function describe(primary: Store, { prefix }: Principal, key: string, base: string) {
  const info = key.startsWith(prefix) ? await primary.find(key) : undefined
  if (info === undefined) throw unknownKey()
  return told({ key, store: primary.name, size: info.size, etag: info.etag }, base)
}

async function begin({ who, workspace, patterns }: Asked, c: Ctx) {
  const { uploads, primary } = workspace
  if (primary.row.wire === 'azure') throw partless(primary)
  const { fileName, contentType, metadata: given } = await readFile(c.req.raw)
  const { metadata, dropped } = fitMetadata(given)
  const key = keyFor(who, patterns, fileName)
  const plan = await uploads.plan(who, { key, contentType, metadata, method: 'parts' })
  return { key, uploadId: plan.id, dropped }
}

async function listParts({ who, workspace }: Asked, c: Ctx) {
  const { parts } = await workspace.uploads.state(who, c.req.param('id') ?? '')
  return (parts?.arrived ?? []).map(({ partNumber, size, etag }) => {
    return { PartNumber: partNumber, Size: size, ETag: etag }
  })
}

/** Uppy sends the part to the URL with no header of ours. */
async function signPart({ who, workspace }: Asked, c: Ctx) {
  const { id = '', number = '' } = c.req.param()
  const partNumber = Number(number)
  if (!Number.isInteger(partNumber) || partNumber < 1) {
    throw new StorageError('invalid', 'A part has a number from 1.')
  }
  const { parts, expiresAt } = await workspace.uploads.parts(who, id, { partNumbers: [partNumber] })
  return { url: parts.requests[0]!.url, expiresAt }
}

async function complete({ who, workspace, base }: Asked, c: Ctx) {
  const parts = await readCompletion(c.req.raw)
  return told(await workspace.uploads.complete(who, c.req.param('id') ?? '', { parts }), base)
}

async function abort({ who, workspace }: Asked, c: Ctx) {
  await workspace.uploads.abort(who, c.req.param('id') ?? '')
  return {}
}

/** The location is Skein's own, since the provider's opens for nobody without a signature. */
function told<T extends { key: string }>(object: T, base: string) {
  return { ...object, location: `${base}/download?key=${encodeURIComponent(object.key)}` }
}

/** A form names the key with the store's prefix before it. */
function landingOf({ prefix }: Store, key: string): string {
  return key.startsWith(prefix) ? key.slice(prefix.length) : key
}

function unknownKey(): StorageError {
  return new StorageError('not-found', 'Nothing of this endpoint has arrived under that key.')
}

function formless({ name, row }: Store): StorageError {
  const instead =
    row.wire === 'azure'
      ? "Uppy's S3 plugin cannot upload there at all; use Skein's own client"
      : 'give Uppy `shouldUseMultipart: true`, and no empty files, which it sends as forms all the same'
  return new StorageError('unsupported', `${name} (${row.title}) takes no forms: ${instead}.`, {
    store: name,
  })
}

function partless({ name, row }: Store): StorageError {
  return new StorageError(
    'unsupported',
    `${name} (${row.title}) answers a part with no ETag, which Uppy's S3 plugin needs: use Skein's own client.`,
    { store: name },
  )
}
