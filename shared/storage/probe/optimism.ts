// The record of a store that can do everything: under it no guard stands between the probe and the server,
// so that what is found is what the server does. Limits stay the recorded ones.

import type { Capabilities } from '../capabilities.ts'
import type { ChecksumAlgorithm } from '../contract.ts'
import type { Constraint, SignRequest } from '../signer.ts'

export const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  ...(['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const),
]
export const ACTIONS: readonly SignRequest['action'][] = [
  ...(['get', 'head', 'put', 'part', 'delete', 'form', 'resumable'] as const),
]
export const CONSTRAINTS: readonly Constraint[] = ['size', 'type', 'checksum', 'overwrite']

const MiB = 1024 * 1024

/** What every S3 takes, for a store whose record has no uploads in parts. */
const PARTS = { minPartBytes: 5 * MiB, maxPartBytes: 5 * 1024 * MiB, maxParts: 10_000 }
const TAGS = { max: 10 }
const WEEK_SECONDS = 604_800

export function optimistic(recorded: Capabilities): Capabilities {
  return {
    ...recorded,
    put: { ...recorded.put, create: true, match: true, checksums: ALGORITHMS },
    delete: { ...recorded.delete, match: true },
    copy: {
      maxBytes: recorded.copy?.maxBytes ?? recorded.put.maxBytes,
      sourceMatch: true,
      create: true,
      match: true,
    },
    multipart: {
      ...(recorded.multipart ?? PARTS),
      equalParts: false,
      create: true,
      match: true,
      listParts: true,
      listUploads: true,
      digests: { part: null, whole: [] },
      pulls: null,
    },
    presign: {
      actions: ACTIONS,
      maxSeconds: recorded.presign?.maxSeconds ?? WEEK_SECONDS,
      enforces: CONSTRAINTS,
      checksums: ALGORITHMS,
    },
    tags: recorded.tags ?? TAGS,
    versions: true,
  }
}
