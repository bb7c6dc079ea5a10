// What a store holds that is not the truth, and somebody has deleted: it goes from there in a while, and until then
// reads that look there do not bring it back.

import { originOf } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace, storeNamed } from './context.ts'
import { coverageBy } from './evidence.ts'
import { readTombstone } from './tombstone.ts'

/** `info` where it has been looked at already. What was put there again after the deletion is not deleted. */
export async function isDeletedCopy(
  context: ReplicationContext,
  store: string,
  key: string,
  info?: ObjectInfo,
): Promise<boolean> {
  // Elsewhere replicas keep what was deleted, or keep it for a while, as somebody has asked.
  if (context.rules.deletes.policy !== 'propagate') return false
  const tombstone = await readTombstone(context, key)
  if (tombstone === undefined) return false
  const there = info ?? (await storeNamed(context, store).find(key))
  if (there === undefined) return true
  return coverageBy(tombstone, originOf(markPlace(context), store, there)) !== undefined
}
