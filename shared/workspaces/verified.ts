// Looking before a download is signed: which stores hold the object, and whether what they hold is what the
// primary holds now. Sizes that agree prove nothing; a digest that both providers tell does.

import type { Origin } from '#shared/copy/mark.ts'
import { sameOrigin } from '#shared/copy/mark.ts'
import type { DownloadRequest } from '#shared/client/protocol.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from './deadline.ts'
import type { DownloadContext } from './download-context.ts'
import type { IsDeleted } from './late.ts'
import type { Ranking } from './ranking.ts'
import type { Workspace } from './workspace.ts'

const DEADLINE_SECONDS = 10

export interface Held {
  store: Store
  info: ObjectInfo
  /** Known to be what the primary holds. */
  current: boolean
}

interface Look {
  store: Store
  info?: ObjectInfo | undefined
  problem?: unknown
}

/** Which version an object of a store is: a copy says so itself. */
export type OriginOf = (store: string, info: ObjectInfo) => Origin

interface Asked {
  originOf?: OriginOf | undefined
  isDeleted?: IsDeleted | undefined
  signal?: AbortSignal | undefined
}

/**
 * In the order of the ranking, without the stores that hold nothing, or another version than the primary. Where the
 * primary cannot be asked, who holds the latest version comes first.
 */
export async function lookAt(
  { primary }: Workspace,
  { stores, because }: Ranking,
  request: DownloadRequest,
  { circuits }: DownloadContext,
  { originOf, isDeleted, signal }: Asked,
): Promise<{ held: Held[]; because: string }> {
  const asked = new Set(stores)
  // The others are compared with it, even where it is not among them.
  if (!circuits.isOpen(primary.name)) asked.add(primary)
  const looks = await Promise.all([...asked].map((store) => look(store, request, signal)))
  const truth = looks.find(({ store }) => store === primary)?.info
  const seen = looks.flatMap(({ store, info }) => {
    if (info === undefined || !stores.includes(store)) return []
    const same =
      store === primary ? true : truth && isVersionOf(truth, info, { primary, store, originOf })
    return same === false ? [] : [{ store, info, current: same ?? false }]
  })
  const held = truth === undefined && isDeleted ? await undeleted(seen, isDeleted) : seen
  if (truth === undefined && originOf) {
    const writtenAt = ({ store, info }: Held) => originOf(store.name, info).modified
    held.sort((a, b) => writtenAt(b) - writtenAt(a))
  }
  const [first] = held
  if (first === undefined) throw nowhere(looks, request.key)
  if (first.store === stores[0]) return { held, because: `${because}, and holds it` }
  const isLatest = truth === undefined && originOf !== undefined
  const as = isLatest ? 'holds the latest version that can be seen' : AS_PRIMARY
  return { held, because: `${first.store.name} ${as}` }
}

/** What nothing in the truth stands against may be what was deleted there a moment ago. */
async function undeleted(seen: readonly Held[], isDeleted: IsDeleted): Promise<Held[]> {
  const gone = await Promise.all(
    seen.map(({ store, info }) => isDeleted(store.name, info.key, info)),
  )
  return seen.filter((_, index) => !gone[index])
}

async function look(
  store: Store,
  { key, version }: DownloadRequest,
  signal: AbortSignal | undefined,
): Promise<Look> {
  const limit = { store: store.name, seconds: DEADLINE_SECONDS, signal }
  try {
    const info = await within(limit, (ended) =>
      store.find(key, { signal: ended, ...(version !== undefined && { version }) }),
    )
    return { store, info }
  } catch (problem) {
    if (!(problem instanceof StorageError)) throw problem
    return { store, problem }
  }
}

const AS_PRIMARY = 'is the first that holds it as the primary does'

/** By what both say of themselves, else by their digests. Undefined where it cannot be told. */
function isVersionOf(
  truth: ObjectInfo,
  info: ObjectInfo,
  of: { primary: Store; store: Store; originOf: OriginOf | undefined },
): boolean | undefined {
  const wanted = of.originOf?.(of.primary.name, truth)
  const held = of.originOf?.(of.store.name, info)
  if (wanted && held && sameOrigin(wanted, held)) return true
  const isCopy = held !== undefined && held.store !== of.store.name
  return isCopy ? false : isSame(info, truth)
}

function isSame(a: ObjectInfo, b: ObjectInfo): boolean | undefined {
  if (a.size !== b.size) return false
  for (const algorithm of ['sha256', 'crc64nvme', 'crc32c', 'md5', 'sha1', 'crc32'] as const) {
    const [one, other] = [a.checksums[algorithm], b.checksums[algorithm]]
    if (one !== undefined && other !== undefined) return one === other
  }
  return undefined
}

function nowhere(looks: readonly Look[], key: string): unknown {
  // What may be where nobody answers is not known to be gone.
  const failed = looks.find(({ problem }) => problem !== undefined)
  if (failed) return failed.problem
  return new StorageError('not-found', `No store that may serve it holds ${quoteKey(key)}.`, {
    key,
  })
}
