// Uploads in parts: whether there are any, which sizes they may have, and what holds when they are joined.
// Telling whether all parts must be of one size takes 11 MiB of upload.

import type { Part, PutMode } from '../contract.ts'
import { isStorageError } from '../errors.ts'
import type { Finding, Verdict } from './finding.ts'
import { holds, no, verdictOf, yes } from './finding.ts'
import type { Ground } from './ground.ts'

const MiB = 1024 * 1024
const UNEQUAL_PARTS = [5 * MiB, 6 * MiB, 1]
const SIZE = UNEQUAL_PARTS.reduce((sum, size) => sum + size)

export async function probeParts(ground: Ground): Promise<Finding[]> {
  const { multipart } = ground.recorded
  const find = async (
    cell: 'equalParts' | 'create' | 'match' | 'listParts' | 'listUploads',
    trial: (ground: Ground) => Promise<Verdict>,
  ): Promise<Finding> => ({
    cell: `multipart.${cell}`,
    recorded: multipart?.[cell] ?? false,
    ...(await verdictOf(() => trial(ground))),
  })
  const exists: Finding = {
    cell: 'multipart',
    recorded: multipart !== null,
    ...(await verdictOf(() => joins(ground))),
  }
  if (!exists.found) return [exists]
  return [
    exists,
    await find('listParts', listsParts),
    await find('listUploads', listsUploads),
    await find('create', createsOnly),
    await find('match', matches),
    await find('equalParts', wantsEqualParts),
  ]
}

/** An upload of one small part, up to the point of joining it. */
async function upload(ground: Ground, name: string, text: string, mode: PutMode = 'overwrite') {
  const uploadId = await ground.begin(name, mode)
  const { signal } = ground
  const key = ground.key(name)
  const part = await ground.store.groups.multipart.part(key, uploadId, 1, text, { signal })
  return { uploadId, join: () => join(ground, name, uploadId, [part], mode) }
}

function join(ground: Ground, name: string, uploadId: string, parts: Part[], mode: PutMode) {
  const { store, signal } = ground
  return store.groups.multipart.complete(ground.key(name), uploadId, parts, { mode, signal })
}

async function joins(ground: Ground): Promise<Verdict> {
  const { join: finish } = await upload(ground, 'parts', 'joined')
  await finish()
  return (await ground.find('parts')) === 'joined'
    ? yes('a part was sent and joined')
    : no('an upload in parts did not become an object')
}

async function listsParts(ground: Ground): Promise<Verdict> {
  const { uploadId } = await upload(ground, 'list-parts', 'listed')
  const { store, signal } = ground
  const parts = await store.groups.multipart.listParts(ground.key('list-parts'), uploadId, {
    signal,
  })
  return parts.length === 1 && parts[0]?.partNumber === 1 && parts[0].size === 'listed'.length
    ? yes('the part of an upload was listed')
    : no('the part of an upload was not listed as it is')
}

async function listsUploads(ground: Ground): Promise<Verdict> {
  const { uploadId } = await upload(ground, 'list-uploads', 'listed')
  const { store, signal } = ground
  const prefix = ground.key('list-uploads')
  const { uploads } = await store.groups.multipart.listUploads({ prefix, signal })
  // Azure has no ids of its own: there an upload is known by its key.
  const listed = uploads.some((one) => one.key === prefix || one.uploadId === uploadId)
  return listed ? yes('an unfinished upload was listed') : no('an unfinished upload was not listed')
}

async function createsOnly(ground: Ground): Promise<Verdict> {
  const first = await upload(ground, 'join-create', 'first', 'create')
  const second = await upload(ground, 'join-create', 'second', 'create')
  await first.join()
  return holds({
    act: second.join,
    stands: async () => (await ground.read('join-create')) === 'first',
    broken: 'an upload that was to create overwrote the object there',
    held: 'joining onto a taken key was refused',
  })
}

async function matches(ground: Ground): Promise<Verdict> {
  const { etag } = await ground.write('join-match', 'old')
  const first = await upload(ground, 'join-match', 'first', { ifMatch: etag })
  const second = await upload(ground, 'join-match', 'second', { ifMatch: etag })
  await first.join()
  return holds({
    act: second.join,
    stands: async () => (await ground.read('join-match')) === 'first',
    broken: 'joining under a stale ETag overwrote the object there',
    held: 'joining under a stale ETag was refused',
  })
}

async function wantsEqualParts(ground: Ground): Promise<Verdict> {
  const { store, signal } = ground
  const key = ground.key('unequal')
  const uploadId = await ground.begin('unequal')
  try {
    const parts: Part[] = []
    for (const [index, size] of UNEQUAL_PARTS.entries()) {
      const bytes = new Uint8Array(size)
      parts.push(await store.groups.multipart.part(key, uploadId, index + 1, bytes, { signal }))
    }
    await join(ground, 'unequal', uploadId, parts, 'overwrite')
  } catch (error) {
    if (isStorageError(error, 'invalid')) return yes('parts of 5 and 6 MiB were refused')
    throw error
  }
  const { size } = await store.head(key, { signal })
  return size === SIZE
    ? no('parts of 5 MiB, 6 MiB and 1 byte were joined')
    : yes('parts of 5 and 6 MiB were not joined to a whole')
}
