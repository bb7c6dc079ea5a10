// `complete`, as a client asks for it and as an event or a sweep does in its stead. What was recorded is told
// again; parts are put together by Skein's own request, after it has read their list; then the bytes are settled.

import type { Principal } from '#shared/access/principal.ts'
import type { CompleteRequest, CompletedObject } from '#shared/client/protocol.ts'
import type { ObjectInfo, Part } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX, quoteKey } from '#shared/storage/keys.ts'
import type { UploadContext } from './context.ts'
import { checkArrived } from './arrived-parts.ts'
import { checkParts, commitMode, listArrived } from './parts.ts'
import { isForgotten } from './records.ts'
import { RefusedUpload, WITHDRAWN, accept, outcome, refuse, settleUpload } from './settle.ts'
import type { Ticket, Upload } from './ticket.ts'
import { STAGING_PREFIX, cameBy, landingKey, openTicket, readMark } from './ticket.ts'
import type { Arrival } from './uploads.ts'

export async function completeUpload(
  context: UploadContext,
  who: Principal,
  id: string,
  request: CompleteRequest,
): Promise<CompletedObject> {
  const ticket = openTicket(context, who, id, 'finish')
  if (ticket.method === 'parts') checkParts(context, ticket)
  const record = await context.records.find(ticket)
  if (record) return outcome(context, ticket, record)
  const info = await findLanded(context, ticket, request)
  if (info) return settleUpload(context, ticket, info)
  return completedBefore(context, ticket)
}

/** What lies at the landing key and came by this upload. */
async function findLanded(
  context: UploadContext,
  ticket: Ticket,
  request: CompleteRequest,
): Promise<ObjectInfo | undefined> {
  const { reserved } = context
  if (ticket.method === 'parts' && ticket.uploadId !== undefined) {
    await putTogether(context, ticket, request)
  }
  const info = await reserved.find(landingKey(ticket))
  if (!info || ticket.bare) return info
  return cameBy(context, info, ticket) ? info : undefined
}

/** Another completion, whose record is not there yet or was lost, may have taken it to its key. */
async function completedBefore(context: UploadContext, ticket: Ticket): Promise<CompletedObject> {
  const { reserved, records, store } = context
  const record = await records.find(ticket)
  if (record) return outcome(context, ticket, record)
  const info = ticket.staged ? await reserved.find(ticket.key) : undefined
  if (info && cameBy(context, info, ticket)) return accept(context, ticket, info)
  const message = `Nothing of this upload of ${quoteKey(ticket.key)} has arrived in ${store.name}; send the bytes first.`
  throw new StorageError('not-found', message, { store: store.name, key: ticket.key })
}

/**
 * Sends Complete. One whose answer was lost has been carried out or not: the object at the landing key tells by
 * its mark, so every error that leaves room for that is passed over and looked into.
 */
async function putTogether(
  context: UploadContext,
  ticket: Ticket,
  request: CompleteRequest,
): Promise<void> {
  const { reserved } = context
  const key = landingKey(ticket)
  const parts = await arrivedParts(context, ticket, request)
  if (!parts) return
  await checkFree(context, ticket)
  try {
    await reserved.groups.multipart.complete(key, ticket.uploadId ?? '', parts, {
      ...ticket.properties,
      mode: commitMode(context, ticket),
    })
  } catch (error) {
    const unsure =
      isStorageError(error) &&
      (error.ambiguous || ['not-found', 'exists', 'unavailable'].includes(error.kind))
    const there = unsure && (await reserved.find(key))
    if (!there || !cameBy(context, there, ticket)) throw error
  }
}

/** Undefined when the upload is gone: completed, perhaps, and the answer lost. */
async function arrivedParts(
  context: UploadContext,
  ticket: Ticket,
  request: CompleteRequest,
): Promise<Part[] | undefined> {
  const { store } = context
  if (!store.capabilities.multipart?.listParts) return toldParts(context, ticket, request)
  try {
    const listed = await listArrived(context, ticket)
    return checkArrived(store.name, ticket, listed, request)
  } catch (error) {
    if (isStorageError(error, 'not-found')) return undefined
    throw error
  }
}

/** Where the store lists no parts, the sender's word is all there is, and staging checks what comes of it. */
function toldParts({ store }: UploadContext, { key }: Ticket, { parts }: CompleteRequest): Part[] {
  const told = parts?.map(({ partNumber, etag = '', size = 0 }) => ({ partNumber, etag, size }))
  if (told && told.length > 0 && told.every(({ etag }) => etag !== '')) return told
  const message = `${store.name} lists no parts, so completing ${quoteKey(key)} takes the ETag of each.`
  throw new StorageError('invalid', message, { store: store.name, key })
}

/** Where parts are committed without a condition, all that can be done is to look before. */
async function checkFree(context: UploadContext, ticket: Ticket): Promise<void> {
  const { constraints, staged, key } = ticket
  if (!constraints.ifAbsent || staged || commitMode(context, ticket) === 'create') return
  const { reserved } = context
  const there = await reserved.find(key)
  if (!there || cameBy(context, there, ticket)) return
  const message = `${quoteKey(key)} was to be free in ${reserved.name}, and is taken; the parts wait to be aborted.`
  throw new StorageError('exists', message, { store: reserved.name, key })
}

/** An object that somebody saw arrive; nothing is known of it but where it is. */
export async function completeArrived(
  context: UploadContext,
  store: string,
  key: string,
): Promise<Arrival> {
  const { reserved, records, now } = context
  const foreign = key.startsWith(RESERVED_PREFIX) && !key.startsWith(STAGING_PREFIX)
  if (store !== reserved.name || foreign) return ignored('uploads do not arrive there')
  const info = await reserved.find(key)
  if (!info) return promotedBefore(context, key)
  const upload = readMark(context, info)
  if (!upload) return ignored('it has no mark of an upload to this key')
  const record = await records.find(upload)
  if (record && 'accepted' in record) return acceptedBefore(upload, info, record.accepted)
  if (!record && !upload.staged && isForgotten(upload, now())) return ignored(LONG_AGO)
  try {
    if (record) throw await refuse(context, upload, info, WITHDRAWN)
    return { became: 'completed', object: await settleUpload(context, upload, info) }
  } catch (error) {
    if (!(error instanceof RefusedUpload)) throw error
    if (error.quarantine === undefined) return ignored('another completion has refused it')
    return { became: 'quarantined', key: error.quarantine, reason: error.message }
  }
}

/** Whoever changes an object by other means may keep its metadata, and the mark among them. */
const LONG_AGO = 'its upload ended too long ago to tell whether it was accepted'

/** An accepted upload leaves its staging key empty. */
async function promotedBefore({ records }: UploadContext, key: string): Promise<Arrival> {
  const staged = key.startsWith(STAGING_PREFIX)
  const record = staged ? await records.findNamed(key.slice(STAGING_PREFIX.length)) : undefined
  if (record && 'accepted' in record) return { became: 'completed', object: record.accepted }
  return ignored('it is gone')
}

/** The bearer of a URL may use it again: what it wrote after the acceptance has passed no check. */
function acceptedBefore(upload: Upload, info: ObjectInfo, object: CompletedObject): Arrival {
  const same = upload.staged || (info.etag === object.etag && info.version === object.version)
  if (same) return { became: 'completed', object }
  return ignored('it was written after the upload had been accepted, and is not verified')
}

function ignored(reason: string): Arrival {
  return { became: 'ignored', reason }
}
