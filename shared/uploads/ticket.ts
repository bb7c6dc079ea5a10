// What an upload's id says when it is opened, and what the mark says that travels with the object. Both are
// sealed and name one upload by the same `nonce`; each is bound to workspace, store and the key where the
// bytes land, so that neither means anything anywhere else.

import { Buffer } from 'node:buffer'
import { hash, randomBytes } from 'node:crypto'
import type { Principal } from '#shared/access/principal.ts'
import type { Checksum, UploadMethod } from '#shared/client/protocol.ts'
import type { ObjectInfo, ObjectProperties } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { UploadContext } from './context.ts'
import { recordName } from './records.ts'

export const STAGING_PREFIX = `${RESERVED_PREFIX}staging/`
export const MARK = 'skein_upload'
const DAY_MS = 86_400_000

/** What the object must be, by the promise that was signed. */
export interface Constraints {
  minBytes: number
  maxBytes: number
  type?: string | undefined
  checksum?: Checksum | undefined
  /** The checksum was under the signature: the provider has held the sender to it. */
  signed?: true | undefined
  ifAbsent?: true | undefined
  /** Given at promotion, since a copy does not keep it. */
  storageClass?: string | undefined
}

/** One upload, as completion needs it, whether its id told of it or the object's mark. */
export interface Upload {
  nonce: string
  key: string
  staged: boolean
  constraints: Constraints
  /** Milliseconds since the epoch. */
  expires: number
}

export interface Ticket extends Upload {
  method: UploadMethod
  uploadId?: string | undefined
  /** How the object is cut; absent where its size is not known, and the sender cuts. */
  cut?: { size: number; count: number } | undefined
  /** For parts: what is written beside the bytes, at the beginning or, on Azure, at the end. */
  properties?: ObjectProperties | undefined
  /** Sent with the two headers that a redirected PUT repeats, so without a mark. */
  bare?: true | undefined
  /** Made for one that was found in a listing: it can be looked at and aborted, not completed. */
  found?: true | undefined
}

interface Bound {
  workspace: string
  store: string
}

type Place = Pick<UploadContext, 'seal' | 'workspace' | 'store'>

const NONCE_BYTES = 16
/** Drawn many at a time: a draw costs as much as two signatures. */
const POOL_BYTES = 256 * NONCE_BYTES
let pool = Buffer.alloc(0)

export function newNonce(): string {
  if (pool.length < NONCE_BYTES) pool = randomBytes(POOL_BYTES)
  const nonce = pool.toString('base64url', 0, NONCE_BYTES)
  pool = pool.subarray(NONCE_BYTES)
  return nonce
}

/** Where the bytes arrive. A staging key is named as the record of the end will be, and so leads to it. */
export function landingKey(upload: Pick<Upload, 'nonce' | 'key' | 'staged' | 'expires'>): string {
  return upload.staged ? STAGING_PREFIX + recordName(upload) : upload.key
}

export function sealTicket({ seal, workspace, store }: Place, ticket: Ticket): string {
  const bound: Bound & Ticket = { workspace: workspace.name, store: store.name, ...ticket }
  return seal.seal('upload', bound)
}

/** `sign` ends with the upload's term; what ends an upload may come a day later, as a long PUT may. */
export function openTicket(
  context: UploadContext,
  who: Principal,
  id: string,
  purpose: 'sign' | 'finish',
): Ticket {
  // The seal's word for it: nobody else could have written this.
  const { workspace, store, ...ticket } = context.seal.open('upload', id) as Bound & Ticket
  if (workspace !== context.workspace.name || store !== context.store.name) {
    throw new StorageError(
      'denied',
      'This upload belongs to another workspace, or to another store.',
    )
  }
  context.policy.checkPrefix(who, ticket.key)
  const end = purpose === 'sign' ? ticket.expires : ticket.expires + DAY_MS
  if (context.now() <= end) return ticket
  const ended = new Date(ticket.expires).toISOString()
  throw new StorageError('denied', `This upload expired at ${ended}; begin it again.`, {
    store,
    key: ticket.key,
  })
}

/** Kept small, since metadata is short of room: the final key is in it only where the bytes land elsewhere. */
interface Mark extends Pick<Upload, 'nonce' | 'constraints' | 'expires'> {
  /** What it is bound to: workspace, store and landing key, as one fingerprint. */
  at: string
  to?: string | undefined
}

export function sealMark(place: Place, upload: Upload): string {
  const { nonce, key, staged, constraints, expires } = upload
  const at = fingerprint(place, landingKey(upload))
  const mark: Mark = { nonce, expires, at, ...(staged && { to: key }), constraints }
  return place.seal.seal('mark', mark)
}

/** The upload that an object says it is of; undefined for one without a mark, or with one made for elsewhere. */
export function readMark(place: Place, { key, metadata }: ObjectInfo): Upload | undefined {
  const sealed = metadata[MARK]
  const mark = sealed === undefined ? undefined : openMark(place.seal, sealed)
  if (mark?.at !== fingerprint(place, key)) return undefined
  const { nonce, expires, constraints, to } = mark
  return { nonce, expires, constraints, staged: to !== undefined, key: to ?? key }
}

/** Whether the object, wherever it is now, came by this upload. */
export function cameBy({ seal }: Pick<Place, 'seal'>, info: ObjectInfo, nonce: string): boolean {
  const sealed = info.metadata[MARK]
  return sealed !== undefined && openMark(seal, sealed)?.nonce === nonce
}

function openMark(seal: Place['seal'], sealed: string): Mark | undefined {
  try {
    return seal.open('mark', sealed) as Mark
  } catch (error) {
    if (isStorageError(error, 'denied')) return undefined
    throw error
  }
}

/** No name of a workspace or a store has a line break, so no two places read alike. */
function fingerprint({ workspace, store }: Place, key: string): string {
  const place = `${workspace.name}\n${store.name}\n${key}`
  return hash('sha256', place, 'base64url').slice(0, 22)
}
