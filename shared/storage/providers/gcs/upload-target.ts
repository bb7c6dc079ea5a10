// Where the parts of an upload go. Cloud Storage looks at no condition when it completes an upload in parts,
// so one that must not overwrite is built up at a staging key and rewritten to its place with the generation.
// The upload's id says which it is, so that signing a part needs nothing else.

import { randomUUID } from 'node:crypto'
import { RESERVED_PREFIX } from '../../keys.ts'

export interface UploadTarget {
  key: string
  uploadId: string
  staged: boolean
}

const STAGED = /^staged\.([\da-f-]{36})\.(.+)$/

/** Beside the store's own keys, so that credentials for its prefix alone reach it too. */
function stagingKey(prefix: string, id: string): string {
  return `${prefix}${RESERVED_PREFIX}staging/${id}`
}

export function newStaging(prefix: string): { key: string; nameUpload(uploadId: string): string } {
  const id = randomUUID()
  return { key: stagingKey(prefix, id), nameUpload: (uploadId) => `staged.${id}.${uploadId}` }
}

export function uploadTarget(prefix: string, key: string, uploadId: string): UploadTarget {
  const [, id, own] = STAGED.exec(uploadId) ?? []
  return id === undefined || own === undefined
    ? { key, uploadId, staged: false }
    : { key: stagingKey(prefix, id), uploadId: own, staged: true }
}
