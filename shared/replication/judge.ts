// What a replica's object is beside the primary's, by what both say of themselves.

import type { StoreCopy } from '#shared/client/protocol.ts'
import { compareDigests } from '#shared/compare/digests.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { originOf, readMark, sameOrigin } from '#shared/copy/mark.ts'

export function judgeCopy(
  context: ReplicationContext,
  primary: ObjectInfo,
  { store, copy }: { store: string; copy: ObjectInfo },
): NonNullable<StoreCopy['copy']> {
  const place = markPlace(context)
  const isCurrent = sameOrigin(
    originOf(place, context.primary, primary),
    originOf(place, store, copy),
  )
  if (isCurrent) return 'current'
  if (readMark(place, store, copy)) return 'older'
  const isSame =
    primary.size === copy.size && compareDigests(primary.checksums, copy.checksums)?.same
  return isSame ? 'current' : 'foreign'
}
