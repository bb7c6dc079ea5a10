// One object over all stores of a workspace: what each holds of it, taking it away, and copying it. Stores are
// asked side by side, and one that does not answer is said to be unknown, never absent.

import type {
  CopyRequest,
  CopyResponse,
  DeleteResponse,
  ObjectDescription,
  StoreCopy,
} from '#shared/client/protocol.ts'
import type { ObjectInfo, ObjectProperties } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from './deadline.ts'
import type { IsDeleted } from './late.ts'
import { copyOf, absentFrom, unknownAt } from './store-copy.ts'
import type { Workspace } from './workspace.ts'
import { storesOf } from './workspace.ts'

interface Waiting {
  signal?: AbortSignal | undefined
}

/** What a replica's object is beside the primary's. */
export type JudgeCopy = (primary: ObjectInfo, store: string, copy: ObjectInfo) => StoreCopy['copy']

interface DescribeOptions extends Waiting {
  judge?: JudgeCopy | undefined
  isDeleted?: IsDeleted | undefined
}

/** Names that Skein keeps its own marks under; users' metadata may not begin so. */
const OWN_METADATA = 'skein_'
const DEADLINE_SECONDS = 10

/** What an object is, by the first store that has it, and where it is. Fails with `not-found` where every store answered and none has it. */
export async function describeObject(
  workspace: Workspace,
  key: string,
  { signal, judge, isDeleted }: DescribeOptions = {},
): Promise<ObjectDescription> {
  const stores = storesOf(workspace)
  const looks = await Promise.allSettled(
    stores.map((store) =>
      within({ store: store.name, seconds: DEADLINE_SECONDS, signal }, (ended) =>
        store.find(key, { signal: ended }),
      ),
    ),
  )
  const infos = looks.map((look) => (look.status === 'fulfilled' ? look.value : undefined))
  const [first] = looks
  const at = await firstThatStands(infos, stores, workspace.late && isDeleted)
  if (at === undefined) throw nowhere(looks, workspace, key)
  const primary = first?.status === 'fulfilled' ? first.value : undefined
  const copies = looks.map((look, index) => {
    const copy = toCopy(stores[index]!, workspace, look)
    if (index === 0 || look.status === 'rejected' || !look.value || !primary) return copy
    return { ...copy, copy: judge?.(primary, copy.store, look.value) }
  })
  return { ...descriptionOf(at), stores: copies }
}

/** What the truth lacks while it has moved, and not everything with it, may be what was deleted meanwhile. */
async function firstThatStands(
  infos: readonly (ObjectInfo | undefined)[],
  stores: readonly Store[],
  isDeleted: IsDeleted | undefined,
): Promise<ObjectInfo | undefined> {
  for (const [index, info] of infos.entries()) {
    if (info === undefined) continue
    const isCopy = index > 0
    if (isCopy && (await isDeleted?.(stores[index]!.name, info.key, info))) continue
    return info
  }
  return undefined
}

function nowhere(
  looks: readonly PromiseSettledResult<unknown>[],
  { primary }: Workspace,
  key: string,
): unknown {
  // An object that may be where nobody answers is not known to be gone.
  const failed = looks.find((look) => look.status === 'rejected')
  if (failed) return failed.reason
  const message = `No store of this workspace has ${quoteKey(key)}; list to see what there is.`
  return new StorageError('not-found', message, { store: primary.name, key })
}

function toCopy(
  store: Store,
  workspace: Workspace,
  look: PromiseSettledResult<ObjectInfo | undefined>,
): StoreCopy {
  if (look.status === 'rejected') return unknownAt(store, workspace, look.reason)
  return look.value === undefined
    ? absentFrom(store, workspace)
    : copyOf(store, workspace, look.value)
}

function descriptionOf(info: ObjectInfo): Omit<ObjectDescription, 'stores'> {
  const { key, size, contentType, contentEncoding, contentDisposition } = info
  const { contentLanguage, cacheControl, metadata, checksums, modified } = info
  return {
    ...{ key, size, contentType, contentEncoding, contentDisposition, contentLanguage },
    ...{ cacheControl, checksums, modified: modified.toISOString() },
    metadata: withoutMarks(metadata),
  }
}

function withoutMarks(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !isMark(name)))
}

function isMark(name: string): boolean {
  return name.startsWith(OWN_METADATA)
}

/**
 * The primary first, so that nothing takes a replica's lack for news; where it fails, the copies are left
 * alone. One result a store; a key that is not there counts as deleted.
 */
export async function deleteObject(
  workspace: Workspace,
  key: string,
  { from, signal }: Waiting & { from: 'all' | 'primary' },
): Promise<DeleteResponse> {
  const { primary, replicas } = workspace
  // A key that cannot be is refused as a whole, not store by store.
  primary.fullKey(key)
  const first = await deleteFrom(primary, key, signal)
  const others = from === 'all' ? replicas : []
  const rest = first.deleted
    ? await Promise.all(others.map((store) => deleteFrom(store, key, signal)))
    : others.map(({ name }) => ({ store: name, deleted: false, problem: leftAlone(primary) }))
  return { key, stores: [first, ...rest] }
}

function leftAlone({ name }: Store): string {
  return `Left as it is, since ${name} still has the object; delete it again.`
}

async function deleteFrom(
  store: Store,
  key: string,
  signal: AbortSignal | undefined,
): Promise<DeleteResponse['stores'][number]> {
  try {
    const [result] = await store.delete(key, { signal })
    if (result?.error) throw result.error
    return { store: store.name, deleted: true }
  } catch (error) {
    if (!isStorageError(error)) throw error
    return { store: store.name, deleted: false, problem: error.message }
  }
}

/** At the primary, by the provider itself. All that describes the object travels but Skein's own marks. */
export async function copyObject(
  { primary }: Workspace,
  { from, to, ifAbsent = false }: CopyRequest,
  { signal }: Waiting = {},
): Promise<CopyResponse> {
  if (from === to) throw ontoItself(primary, to)
  const source = await primary.head(from, { signal })
  const can = primary.capabilities.copy
  const signed = ifAbsent && can?.create === true
  if (ifAbsent && !signed && (await primary.find(to, { signal }))) throw taken(primary, to)
  const properties = await unmarked(primary, source, signal)
  const info = await primary.copy(
    // What was looked at is what is copied.
    { key: from, ifMatch: can?.sourceMatch ? source.etag : undefined },
    to,
    {
      mode: signed ? 'create' : 'overwrite',
      ...(properties && { properties }),
      ...(signal && { signal }),
    },
  )
  const overwrite = signed ? 'signed' : ifAbsent ? 'verified' : 'open'
  const { etag, version } = info
  return { key: to, store: primary.name, size: source.size, etag, version, overwrite }
}

/** What the copy gets in place of the source's own, or undefined where there is nothing to leave out. */
async function unmarked(
  store: Store,
  source: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<ObjectProperties | undefined> {
  if (!Object.keys(source.metadata).some(isMark)) return undefined
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = source
  return {
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    metadata: withoutMarks(source.metadata),
    ...(store.capabilities.tags && { tags: await store.groups.tags.get(source.key, { signal }) }),
  }
}

function ontoItself({ name }: Store, key: string): StorageError {
  const message = `${quoteKey(key)} cannot be copied onto itself; name another key.`
  return new StorageError('invalid', message, { store: name, key })
}

function taken({ name }: Store, key: string): StorageError {
  const message = `${quoteKey(key)} is taken in ${name}; copy to another key, or without ifAbsent.`
  return new StorageError('exists', message, { store: name, key })
}
