// The end of an upload whose bytes are there: verified, promoted, recorded; or set aside and refused. The
// client, a provider's event and a sweep all come through here, at once if they must, and the first record
// tells all of them the same.

import type { CompletedObject } from '#shared/client/protocol.ts'
import { setAside, removeSame } from '#shared/copy/aside.ts'
import { copyWithin } from '#shared/copy/within.ts'
import type { ObjectInfo, PutMode } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { UploadContext } from './context.ts'
import type { UploadRecord } from './records.ts'
import type { Upload } from './ticket.ts'
import { cameBy, landingKey, newNonce } from './ticket.ts'
import type { Fault } from './verify.ts'
import { findFault } from './verify.ts'

/** What arrived was not what was promised; where the bytes are now. */
export class RefusedUpload extends StorageError {
  /** Absent when somebody else was quicker to set them aside. */
  readonly quarantine: string | undefined

  constructor(
    upload: Upload,
    { kind, reason }: Fault,
    store: string,
    quarantine: string | undefined,
  ) {
    const message = `The upload of ${quoteKey(upload.key)} to ${store} was refused and set aside: ${reason}.`
    super(kind, message, { store, key: upload.key, retry: 'never' })
    this.name = 'RefusedUpload'
    this.quarantine = quarantine
  }
}

const TRIES = 4

/** `landed` is what lies at the landing key. When it moves on meanwhile, what is there then is looked at anew. */
export async function settleUpload(
  context: UploadContext,
  upload: Upload,
  landed: ObjectInfo,
): Promise<CompletedObject> {
  const { reserved, records } = context
  let info = landed
  for (let left = TRIES; ; left--) {
    try {
      const fault = await findFault(context, upload, info)
      if (fault) throw await refuse(context, upload, info, fault)
      const object = upload.staged ? await promote(context, upload, info) : info
      return await accept(context, upload, object, info)
    } catch (error) {
      if (left === 0 || !mayGoRound(error)) throw error
      const record = await records.find(upload)
      if (record) return outcome(context, upload, record)
      info = (await reserved.find(landingKey(upload))) ?? info
    }
  }
}

/** Another write came in between, or another completion did it and cleared away. */
function mayGoRound(error: unknown): boolean {
  if (!isStorageError(error) || error instanceof RefusedUpload) return false
  return ['exists', 'precondition', 'not-found'].includes(error.kind) || error.ambiguous
}

/** What was recorded, told again. */
export function outcome(
  { store }: UploadContext,
  { key }: Upload,
  record: UploadRecord,
): CompletedObject {
  if ('accepted' in record) return record.accepted
  const message = `The upload of ${quoteKey(key)} was aborted; begin it again.`
  throw new StorageError('not-found', message, { store: store.name, key })
}

/** Of bytes that arrive, or are found, after an abort. */
export const WITHDRAWN: Fault = { kind: 'denied', reason: 'the upload had been aborted' }

export async function refuse(
  { reserved }: UploadContext,
  upload: Upload,
  info: ObjectInfo,
  fault: Fault,
): Promise<RefusedUpload> {
  const { key } = upload
  const aside = { why: 'quarantine', id: newNonce(), key, reason: fault.reason } as const
  const place = await setAside(reserved, info, aside)
  return new RefusedUpload(upload, fault, reserved.name, place)
}

/** Records it; who comes second is told what the first one recorded. */
export async function accept(
  context: UploadContext,
  upload: Upload,
  object: ObjectInfo,
  landed?: ObjectInfo,
): Promise<CompletedObject> {
  const { records, reserved, now } = context
  const accepted: CompletedObject = {
    key: upload.key,
    store: reserved.name,
    size: object.size,
    etag: object.etag,
    ...(object.version !== undefined && { version: object.version }),
    ...(object.contentType !== undefined && { contentType: object.contentType }),
    ...(upload.constraints.checksum && { checksum: upload.constraints.checksum }),
    completedAt: new Date(now()).toISOString(),
  }
  const { record, first } = await records.settle(upload, { accepted })
  // Aborted while it was on its way: nothing of it stays where it would be seen.
  if ('aborted' in record) await refuse(context, upload, object, WITHDRAWN)
  const told = outcome(context, upload, record)
  if (first) await tell(context, told)
  if (upload.staged && landed) await removeSame(reserved, landed)
  return told
}

/** Whoever listens: what he does about it is not the upload's failure. */
async function tell({ accepted, log }: UploadContext, object: CompletedObject): Promise<void> {
  try {
    await accepted?.(object)
  } catch (error) {
    log?.(`An accepted upload could not be announced: ${String(error)}`)
  }
}

/**
 * To its key, as a compare-and-set where the store copies under conditions: of two that promote at once one
 * does it, and the other finds it done. Elsewhere both write the same bytes.
 */
async function promote(
  context: UploadContext,
  upload: Upload,
  info: ObjectInfo,
): Promise<ObjectInfo> {
  const { reserved } = context
  const { key, constraints } = upload
  const there = await reserved.find(key)
  if (there && cameBy(context, there, upload)) return there
  if (there && constraints.ifAbsent) throw await refuse(context, upload, info, taken(key))
  const mode = promotionMode(context, there)
  await copyWithin(reserved, info, key, { mode, storageClass: constraints.storageClass })
  const promoted = await reserved.head(key)
  const fault = await faultOfCopy(context, upload, info, promoted)
  if (fault) throw await refuse(context, upload, promoted, fault)
  return promoted
}

/** A store that holds no copy to what was verified may have copied what the URL brought in the meantime. */
async function faultOfCopy(
  context: UploadContext,
  upload: Upload,
  verified: ObjectInfo,
  promoted: ObjectInfo,
): Promise<Fault | undefined> {
  const { copy } = context.reserved.capabilities
  const held = copy === null || copy.sourceMatch || promoted.etag === verified.etag
  return held ? undefined : findFault(context, upload, promoted)
}

function taken(key: string): Fault {
  return { kind: 'exists', reason: `${quoteKey(key)} was to be free, and is taken` }
}

function promotionMode({ reserved }: UploadContext, there: ObjectInfo | undefined): PutMode {
  const { copy, put } = reserved.capabilities
  const { create, match } = copy ?? put
  if (there) return match ? { ifMatch: there.etag } : 'overwrite'
  return create ? 'create' : 'overwrite'
}
