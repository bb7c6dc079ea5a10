// Tags cost a request of their own on every provider, so they are asked for only where there are some and the
// destination can hold them.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { CopyJob, Loss } from './job.ts'

export async function tagsOf(
  { from, to, key, signal }: CopyJob,
  { tagCount, version }: ObjectInfo,
  losses: Loss[],
): Promise<Record<string, string>> {
  if (!from.capabilities.tags || tagCount === 0) return {}
  const max = to.capabilities.tags?.max ?? 0
  if (max === 0 && tagCount !== undefined) {
    losses.push({ what: 'tags', reason: `${to.name} holds no tags` })
    return {}
  }
  const of = from.capabilities.versions ? version : undefined
  const tags = await from.groups.tags.get(key, { signal, version: of })
  const count = Object.keys(tags).length
  if (count <= max) return tags
  losses.push({ what: 'tags', reason: `${to.name} holds ${max} tags on an object, not ${count}` })
  return {}
}
