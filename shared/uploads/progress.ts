// How far an upload has come, and how it is given up.

import type { Principal } from '#shared/access/principal.ts'
import type { ArrivedPart, UnfinishedUploads, UploadState } from '#shared/client/protocol.ts'
import { removeSame } from '#shared/copy/aside.ts'
import type { Part } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { UploadContext } from './context.ts'
import { partBytes } from './cut.ts'
import { listArrived } from './parts.ts'
import { WITHDRAWN, refuse } from './settle.ts'
import type { Ticket } from './ticket.ts'
import { cameBy, landingKey, newNonce, openTicket, sealTicket } from './ticket.ts'

export async function uploadState(
  context: UploadContext,
  who: Principal,
  id: string,
): Promise<UploadState> {
  const ticket = openTicket(context, who, id, 'finish')
  const { key, method, expires } = ticket
  const record = await context.records.find(ticket)
  const told = {
    id,
    key,
    store: context.store.name,
    method,
    expiresAt: new Date(expires).toISOString(),
  }
  if (record) {
    if ('aborted' in record) return { ...told, state: 'gone' }
    return { ...told, state: 'completed', object: record.accepted }
  }
  if (method === 'parts') return { ...told, ...(await partsState(context, ticket)) }
  if (context.now() <= expires) return { ...told, state: 'open' }
  return { ...told, state: (await hasLanded(context, ticket)) ? 'open' : 'gone' }
}

type PartsState = Pick<UploadState, 'state' | 'parts'>

async function partsState(context: UploadContext, ticket: Ticket): Promise<PartsState> {
  const { cut } = ticket
  const sizes = { size: cut?.size ?? 0, count: cut?.count ?? 0 }
  if (ticket.uploadId === undefined) return { state: 'unbegun', parts: { ...sizes, arrived: [] } }
  if (!context.store.capabilities.multipart?.listParts) return { state: 'open' }
  try {
    const arrived = (await listArrived(context, ticket)).map(toArrived)
    return { state: 'open', parts: { ...sizes, arrived } }
  } catch (error) {
    if (!isStorageError(error, 'not-found')) throw error
    return afterParts(context, ticket, sizes)
  }
}

/** Azure knows an upload by its blocks alone; elsewhere one that is gone was completed, aborted or swept. */
async function afterParts(
  context: UploadContext,
  ticket: Ticket,
  sizes: { size: number; count: number },
): Promise<PartsState> {
  const { cut, constraints } = ticket
  if (await hasLanded(context, ticket)) {
    const numbers = Array.from({ length: sizes.count }, (_, i) => i + 1)
    const arrived = numbers.map((partNumber) => ({
      partNumber,
      size: cut ? partBytes(cut, constraints.maxBytes, partNumber) : 0,
    }))
    return { state: 'open', parts: { ...sizes, arrived } }
  }
  const mayBeEmpty = context.store.row.wire === 'azure'
  return mayBeEmpty ? { state: 'open', parts: { ...sizes, arrived: [] } } : { state: 'gone' }
}

function toArrived({ partNumber, size, etag, checksum }: Part): ArrivedPart {
  return { partNumber, size, etag, ...(checksum && { checksum }) }
}

async function hasLanded(context: UploadContext, ticket: Ticket): Promise<boolean> {
  const info = await context.reserved.find(landingKey(ticket))
  return info !== undefined && (ticket.bare === true || cameBy(context, info, ticket))
}

/** From here on nothing of it will be accepted, whoever sends what. */
export async function abortUpload(
  context: UploadContext,
  who: Principal,
  id: string,
): Promise<void> {
  const { records, reserved, now } = context
  const ticket = openTicket(context, who, id, 'finish')
  const { key, uploadId } = ticket
  const { record } = await records.settle(ticket, { aborted: new Date(now()).toISOString() })
  if ('accepted' in record) {
    const message = `The upload of ${quoteKey(key)} is complete; delete the object instead.`
    throw new StorageError('precondition', message, { store: reserved.name, key })
  }
  if (uploadId !== undefined) await reserved.groups.multipart.abort(landingKey(ticket), uploadId)
  await clearLanded(context, ticket)
}

async function clearLanded(context: UploadContext, ticket: Ticket): Promise<void> {
  const { reserved } = context
  const info = await reserved.find(landingKey(ticket))
  if (!info || !cameBy(context, info, ticket)) return
  if (ticket.staged) return removeSame(reserved, info)
  await refuse(context, ticket, info, WITHDRAWN)
}

/** Of the caller's keys alone. Each can be looked at and aborted by its id, and completed only by its own. */
export async function unfinishedUploads(
  context: UploadContext,
  who: Principal,
  { prefix = '', cursor }: { prefix?: string | undefined; cursor?: string | undefined },
): Promise<UnfinishedUploads> {
  const { store } = context
  const within = prefix.startsWith(who.prefix) ? prefix : who.prefix
  if (!within.startsWith(prefix)) return { uploads: [] }
  const page = await store.groups.multipart.listUploads({ prefix: within, cursor })
  const uploads = page.uploads
    .filter(({ key }) => key.startsWith(within))
    .map(({ key, uploadId, begun }) => ({
      key,
      store: store.name,
      ...(begun && { begun: begun.toISOString() }),
      id: sealTicket(context, foundTicket(context, key, uploadId)),
    }))
  return { uploads, ...(page.cursor !== undefined && { cursor: page.cursor }) }
}

function foundTicket({ now, rules }: UploadContext, key: string, uploadId: string): Ticket {
  const { minBytes, maxBytes } = rules
  return {
    ...{ nonce: newNonce(), key, staged: false, method: 'parts', uploadId, found: true },
    constraints: { minBytes, maxBytes },
    expires: now() + rules.defaultExpirySeconds * 1000,
  }
}
