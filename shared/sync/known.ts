// What is known of a pair once it was copied or compared: as the record says it that spares the next run the work.

import type { Finding } from '#shared/compare/evidence.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { identified } from '#shared/compare/pair.ts'
import type { Copied } from '#shared/copy/job.ts'
import type { ListedObject } from '#shared/storage/contract.ts'

/** Of two objects that were found to be the same. */
export function knownByComparing(
  from: ListedObject,
  to: ListedObject,
  { grade, digest }: Finding,
  now: number,
): PairRecord {
  return {
    key: from.key,
    size: from.size,
    from: identified(from),
    to: identified(to),
    ...provenBy(grade, digest, now),
  }
}

/** A source that changed after it was listed is known by what the copy saw of it. */
export function knownByCopying(copied: Copied, listed: ListedObject, now: number): PairRecord {
  const { source, info, evidence, digest } = copied
  return {
    key: listed.key,
    size: source.size,
    from: source.etag === listed.etag ? identified(listed) : { etag: source.etag },
    to: { etag: info.etag },
    ...provenBy(evidence, digest, now),
  }
}

function provenBy(grade: Grade, digest: PairRecord['digest'], now: number) {
  const wasRead = grade === 'attested' || grade === 'bytes'
  return { grade, ...(digest && { digest }), ...(wasRead && { verified: now }) }
}
