// What an upload's id says when it is opened, and what the mark says that travels with the object. Both are
// sealed and name one upload by the same `nonce`; each is bound to workspace, store and the key where the
// bytes land, so that neither means anything anywhere else.

import { randomBytes } from 'node:crypto'
import type { Principal } from '#shared/access/principal.ts'
import type { Checksum, UploadMethod } from '#shared/client/protocol.ts'
import type { ObjectInfo, ObjectProperties } from '#shared/storage/contract.ts'
import type { Seal } from '#shared/seal.ts'
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

/** Sealed by place, with names for what is rare alone: URLs and metadata are short of room, and all of it is signed. */
type SealedTicket = readonly [
  workspace: string,
  store: string,
  nonce: string,
  key: string,
  expires: number,
  staged: boolean,
  method: UploadMethod,
  constraints: SealedConstraints,
  rare: Pick<Ticket, 'uploadId' | 'cut' | 'properties' | 'bare' | 'found'>,
]

/** The final key is in it only where the bytes land elsewhere. */
type SealedMark = readonly [
  nonce: string,
  expires: number,
  constraints: SealedConstraints,
  to?: string,
]

type SealedConstraints = readonly [
  minBytes: number,
  maxBytes: number,
  type: string | null,
  rare: Omit<Constraints, 'minBytes' | 'maxBytes' | 'type'>,
]

type Place = Pick<UploadContext, 'seal' | 'workspace' | 'store'>

/** Of base64url: 132 bits of chance. */
const NONCE_LENGTH = 22
/** Drawn many at a time: a draw costs as much as two signatures. Whole nonces, without a rest. */
const POOL_BYTES = (256 * NONCE_LENGTH * 3) / 4
let pool = ''
let drawn = 0

export function newNonce(): string {
  if (drawn === pool.length) {
    pool = randomBytes(POOL_BYTES).toString('base64url')
    drawn = 0
  }
  drawn += NONCE_LENGTH
  return pool.slice(drawn - NONCE_LENGTH, drawn)
}

/** Where the bytes arrive. A staging key is named as the record of the end will be, and so leads to it. */
export function landingKey(upload: Pick<Upload, 'nonce' | 'key' | 'staged' | 'expires'>): string {
  return upload.staged ? STAGING_PREFIX + recordName(upload) : upload.key
}

export function sealTicket({ seal, workspace, store }: Place, ticket: Ticket): string {
  const { nonce, key, expires, staged, method, constraints } = ticket
  const { uploadId, cut, properties, bare, found } = ticket
  const sealed: SealedTicket = [
    workspace.name,
    store.name,
    nonce,
    key,
    expires,
    staged,
    method,
    pack(constraints),
    { uploadId, cut, properties, bare, found },
  ]
  return seal.seal('upload', sealed)
}

/** For whoever has to know where an upload was begun before he can open its id. */
export function storeOfTicket(seal: Seal, id: string): string {
  const [, store] = seal.open('upload', id) as SealedTicket
  return store
}

/** `sign` ends with the upload's term; what ends an upload may come a day later, as a long PUT may. */
export function openTicket(
  context: UploadContext,
  who: Principal,
  id: string,
  purpose: 'sign' | 'finish',
): Ticket {
  // The seal's word for it: nobody else could have written this.
  const sealed = context.seal.open('upload', id) as SealedTicket
  const [workspace, store, nonce, key, expires, staged, method, packed, rare] = sealed
  if (workspace !== context.workspace.name || store !== context.store.name) {
    throw new StorageError(
      'denied',
      'This upload belongs to another workspace, or to another store.',
    )
  }
  context.policy.checkPrefix(who, key)
  const end = purpose === 'sign' ? expires : expires + DAY_MS
  if (context.now() <= end) {
    return { nonce, key, expires, staged, method, constraints: unpack(packed), ...rare }
  }
  const ended = new Date(expires).toISOString()
  const message = `This upload expired at ${ended}; begin it again.`
  throw new StorageError('denied', message, { store, key })
}

export function sealMark(place: Place, upload: Upload): string {
  const { nonce, key, staged, constraints, expires } = upload
  const packed = pack(constraints)
  const mark: SealedMark = staged ? [nonce, expires, packed, key] : [nonce, expires, packed]
  return place.seal.seal('mark', mark, landingPlace(place, landingKey(upload)))
}

/** The upload that an object says it is of; undefined for one without a mark, or with one made for elsewhere. */
export function readMark(place: Place, info: ObjectInfo): Upload | undefined {
  const mark = openMark(place, info, info.key)
  if (mark === undefined) return undefined
  const [nonce, expires, packed, to] = mark
  const constraints = unpack(packed)
  return { nonce, expires, constraints, staged: to !== undefined, key: to ?? info.key }
}

/** Whether the object, wherever it is now, came by this upload. */
export function cameBy(place: Place, info: ObjectInfo, upload: Upload): boolean {
  const [nonce] = openMark(place, info, landingKey(upload)) ?? []
  return nonce === upload.nonce
}

function openMark(place: Place, { metadata }: ObjectInfo, landed: string): SealedMark | undefined {
  const sealed = metadata[MARK]
  if (sealed === undefined) return undefined
  try {
    return place.seal.open('mark', sealed, landingPlace(place, landed)) as SealedMark
  } catch (error) {
    if (isStorageError(error, 'denied')) return undefined
    throw error
  }
}

/** No name of a workspace or a store has a line break, so no two places read alike. */
function landingPlace({ workspace, store }: Place, key: string): string {
  return `${workspace.name}\n${store.name}\n${key}`
}

function pack(constraints: Constraints): SealedConstraints {
  const { minBytes, maxBytes, type = null, checksum, signed, ifAbsent, storageClass } = constraints
  return [minBytes, maxBytes, type, { checksum, signed, ifAbsent, storageClass }]
}

function unpack([minBytes, maxBytes, type, rare]: SealedConstraints): Constraints {
  return { minBytes, maxBytes, type: type ?? undefined, ...rare }
}
