// Azure has no upload ids: an object's parts are blocks with names, waiting at its key. The names carry
// the upload they belong to and the part's number, so that a part can be signed, staged, listed and
// committed by functions that share nothing else. All ids of one blob have one length, as Azure demands.

import { Buffer } from 'node:buffer'
import { StorageError } from '../../errors.ts'

const UPLOAD_ID = /^[0-9a-f]{32}$/
const NUMBER_DIGITS = 5

/** Throws `not-found` for what is no upload's id: a block named otherwise would spoil the others. */
export function blockId(uploadId: string, partNumber: number): string {
  if (!UPLOAD_ID.test(uploadId)) {
    throw new StorageError(
      'not-found',
      'There is no such upload: its id is not one that Azure uploads begin with; begin it again.',
    )
  }
  return Buffer.from(`${uploadId}-${String(partNumber).padStart(NUMBER_DIGITS, '0')}`).toString(
    'base64',
  )
}

/** Undefined for a block that another tool staged. */
export function readBlockId(id: string): { uploadId: string; partNumber: number } | undefined {
  const text = Buffer.from(id, 'base64').toString('latin1')
  const uploadId = text.slice(0, 32)
  const digits = text.slice(33)
  if (!UPLOAD_ID.test(uploadId) || text[32] !== '-' || !/^\d{5}$/.test(digits)) return undefined
  return { uploadId, partNumber: Number(digits) }
}
