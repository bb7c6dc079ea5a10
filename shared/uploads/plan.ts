// From a request to a plan: rules, route, signatures, and the sealed id. Nothing here waits for the network but
// the beginning of an upload in parts, and credentials that have to be fetched.

import type { Principal } from '#shared/access/principal.ts'
import type { Enforcement, UploadPlan, UploadRequest } from '#shared/client/protocol.ts'
import type { ObjectProperties } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Constraint, Presigned } from '#shared/storage/signer.ts'
import { rememberLast } from '#shared/wire/remember-last.ts'
import type { UploadContext } from './context.ts'
import { beginParts, firstParts, signParts } from './parts.ts'
import type { Asked } from './policy.ts'
import type { Route } from './route.ts'
import { askedFor, canSignChecksum, chooseRoute } from './route.ts'
import { toSignedRequest } from './signed-request.ts'
import type { Constraints, MARK, Ticket } from './ticket.ts'
import { landingKey, newNonce, sealMark, sealTicket } from './ticket.ts'
import type { PlanOptions } from './uploads.ts'

export async function planUpload(
  context: UploadContext,
  who: Principal,
  request: UploadRequest,
  { bare = false, later = false }: PlanOptions & { later?: boolean } = {},
): Promise<UploadPlan> {
  const { store, rules, policy } = context
  const asked = policy.check(who, request)
  const route = chooseRoute(store, rules, asked)
  if (bare) checkBare(context, asked, route)
  const ticket = writeTicket(context, asked, route)
  if (bare) ticket.bare = true
  const properties = propertiesOf(context, asked, ticket)
  if (route.method === 'parts') return planParts(context, asked, { ...ticket, properties }, later)
  const signed = await sign(context, asked, ticket, properties)
  return {
    id: sealTicket(context, ticket),
    key: asked.key,
    store: store.name,
    method: route.method,
    request: toSignedRequest(signed),
    staged: route.staged,
    enforced: enforcement(asked, signed.enforced),
    expiresAt: isoTime(signed.expiresAt.getTime()),
    expiresAtMost: signed.expiresAtMost || undefined,
  }
}

const isoTime = rememberLast((milliseconds: number) => new Date(milliseconds).toISOString())

function writeTicket(context: UploadContext, asked: Asked, { method, staged, cut }: Route): Ticket {
  const { rules, now } = context
  const { key, expiresInSeconds } = asked
  // What takes many requests may be resumed until it is swept; each of its URLs has a term of its own.
  const longer = method === 'parts' || method === 'resumable' ? rules.sweepAfterSeconds : 0
  const expires = now() + Math.max(expiresInSeconds, longer) * 1000
  const constraints = constraintsOf(context, asked, method, staged)
  return { nonce: newNonce(), key, staged, constraints, expires, method, cut }
}

function constraintsOf(
  { store, rules }: UploadContext,
  asked: Asked,
  method: Route['method'],
  staged: boolean,
): Constraints {
  const { size, contentType, checksum, ifAbsent, storageClass } = asked
  const { put, maxObjectBytes } = store.capabilities
  const most = method === 'parts' ? maxObjectBytes : Math.min(put.maxBytes, maxObjectBytes)
  return {
    minBytes: size ?? rules.minBytes,
    maxBytes: size ?? Math.min(rules.maxBytes, most),
    type: contentType,
    checksum,
    signed: canSignChecksum(store, method, asked) || undefined,
    ifAbsent: ifAbsent || undefined,
    storageClass: staged ? storageClass : undefined,
  }
}

function propertiesOf(context: UploadContext, asked: Asked, ticket: Ticket): ObjectProperties {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = asked
  const metadata = ticket.bare
    ? asked.metadata
    : withMark(asked.metadata, sealMark(context, ticket))
  return {
    contentType,
    contentEncoding,
    contentDisposition,
    contentLanguage,
    cacheControl,
    metadata,
    // A copy is given its class when it is made: staging wants none.
    storageClass: ticket.staged ? undefined : asked.storageClass,
  }
}

/** Written with its name, as everything on the way to a signature, so that the objects of most plans have one form. */
function withMark(own: Asked['metadata'], mark: string): Record<string, string> {
  const marked: Record<typeof MARK, string> = { skein_upload: mark }
  return own === undefined ? marked : { ...own, ...marked }
}

function sign(
  { store, reserved }: UploadContext,
  asked: Asked,
  ticket: Ticket,
  properties: ObjectProperties,
): Promise<Presigned> {
  const { staged, constraints, method } = ticket
  const { expiresInSeconds } = asked
  const key = landingKey(ticket)
  const place = staged ? reserved : store
  const { minBytes: min, maxBytes: max } = constraints
  if (method === 'form') {
    const contentLengthRange = { min, max }
    return place.presign({
      ...properties,
      action: 'form',
      key,
      expiresInSeconds,
      contentLengthRange,
    })
  }
  // Cloud Storage holds every client to its own header; the length is one that browsers may not set.
  const ranged = store.row.wire === 'gcs' && !ticket.bare
  const { contentType, contentEncoding, contentDisposition, contentLanguage } = properties
  const { cacheControl, metadata, storageClass } = properties
  return place.presign({
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage },
    ...{ cacheControl, metadata, storageClass },
    action: method === 'resumable' ? 'resumable' : 'put',
    key,
    expiresInSeconds,
    mode: asked.ifAbsent && !staged ? 'create' : 'overwrite',
    checksum: canSignChecksum(store, method, asked) ? asked.checksum : undefined,
    contentLength: ranged ? undefined : asked.size,
    contentLengthRange: ranged ? { min, max } : undefined,
  })
}

export function enforcement(
  asked: Asked,
  signed: readonly Constraint[],
): Record<Constraint, Enforcement> {
  const wanted = askedFor(asked)
  const of = (constraint: Constraint): Enforcement => {
    if (!wanted.includes(constraint)) return 'open'
    return signed.includes(constraint) ? 'signed' : 'verified'
  }
  return {
    size: of('size'),
    type: of('type'),
    checksum: of('checksum'),
    overwrite: of('overwrite'),
  }
}

async function planParts(
  context: UploadContext,
  asked: Asked,
  unbegun: Ticket,
  later: boolean,
): Promise<UploadPlan> {
  if (later) return unsignedPlan(context, asked, unbegun)
  const ticket = await beginParts(context, unbegun)
  const { expiresInSeconds } = asked
  const signed = await signParts(context, ticket, firstParts(ticket), { expiresInSeconds })
  return {
    ...unsignedPlan(context, asked, ticket),
    parts: signed.parts,
    expiresAt: signed.expiresAt,
    ...(signed.expiresAtMost && { expiresAtMost: true }),
  }
}

/** Its first `parts` call begins it. */
function unsignedPlan(context: UploadContext, asked: Asked, ticket: Ticket): UploadPlan {
  const { store, now } = context
  return {
    id: sealTicket(context, ticket),
    key: asked.key,
    store: store.name,
    method: ticket.method,
    staged: ticket.staged,
    // The type is fixed by Skein's own request that begins the upload.
    enforced: enforcement(asked, ['type']),
    expiresAt: new Date(now() + asked.expiresInSeconds * 1000).toISOString(),
  }
}

/** Whoever follows a redirect sends length and type again, and nothing else that could be signed. */
function checkBare({ store }: UploadContext, asked: Asked, { method, staged }: Route): void {
  const { key, contentType: _, ...others } = asked
  const { capabilities, row } = store
  const more = [
    ...(['contentEncoding', 'contentDisposition', 'contentLanguage', 'cacheControl'] as const),
    ...(['checksum', 'metadata', 'storageClass'] as const),
  ].filter((name) => others[name] !== undefined)
  const why =
    (asked.ifAbsent && 'it must not overwrite, which takes a header') ||
    (more.length > 0 && `${more.join(', ')} would take headers`) ||
    (!capabilities.presign?.enforces.includes('size') && `${row.title} wants a header with it`) ||
    (staged && 'it has to be staged') ||
    (method !== 'put' && 'it is too large for one request')
  if (!why) return
  const message = `An upload to ${store.name} cannot be redirected here: ${why}. Ask for a plan with POST uploads.`
  throw new StorageError('unsupported', message, { store: store.name, key })
}
