// Copies that the store makes by itself, and the conditions on both their ends.

import type { CopySource, PutMode } from '../contract.ts'
import { isStorageError } from '../errors.ts'
import type { Finding, Verdict } from './finding.ts'
import { holds, no, open, verdictOf, yes } from './finding.ts'
import type { Ground } from './ground.ts'

export async function probeCopies(ground: Ground): Promise<Finding[]> {
  const { copy } = ground.recorded
  const exists: Finding = {
    cell: 'copy',
    recorded: copy !== null,
    ...(await verdictOf(() => copies(ground))),
  }
  if (!exists.found) return [exists]
  return [
    exists,
    {
      cell: 'copy.sourceMatch',
      recorded: copy?.sourceMatch ?? false,
      ...(await verdictOf(() => matchesSource(ground))),
    },
    {
      cell: 'copy.create',
      recorded: copy?.create ?? false,
      ...(await verdictOf(() => createsOnly(ground))),
    },
    {
      cell: 'copy.match',
      recorded: copy?.match ?? false,
      ...(await verdictOf(() => matchesTarget(ground))),
    },
  ]
}

function copyTo(ground: Ground, from: CopySource, name: string, mode: PutMode = 'overwrite') {
  return ground.store.copy(from, ground.key(name), { mode, signal: ground.signal })
}

async function copies(ground: Ground): Promise<Verdict> {
  const from = await ground.write('source', 'copied')
  await copyTo(ground, { key: from.key }, 'copy')
  return (await ground.find('copy')) === 'copied'
    ? yes('a copy holds the bytes of its source')
    : no('a copy does not hold the bytes of its source')
}

async function matchesSource(ground: Ground): Promise<Verdict> {
  const stale = await ground.write('source', 'first')
  const { key, etag } = await ground.write('source', 'second')
  await copyTo(ground, { key, ifMatch: etag }, 'matched')
  let unasked = false
  const verdict = await holds({
    act: () =>
      copyTo(ground, { key, ifMatch: stale.etag }, 'stale').catch((error: unknown) => {
        unasked = isStorageError(error, 'precondition') && error.status === undefined
        throw error
      }),
    stands: async () => (await ground.find('stale')) === undefined,
    broken: 'a source that had changed was copied',
    held: 'a source that had changed was not copied',
  })
  const { wire } = ground.store.row
  const local = wire === 'file' || wire === 'memory'
  return unasked && !local
    ? open(
        'Skein looks at the source itself before it asks, so the server never saw the stale ETag',
      )
    : verdict
}

async function createsOnly(ground: Ground): Promise<Verdict> {
  const { key } = await ground.write('source', 'first')
  await copyTo(ground, { key }, 'created', 'create')
  await ground.write('source', 'second')
  return holds({
    act: () => copyTo(ground, { key }, 'created', 'create'),
    stands: async () => (await ground.read('created')) === 'first',
    broken: 'a copy that was to create overwrote the object there',
    held: 'a copy onto a taken key was refused',
  })
}

async function matchesTarget(ground: Ground): Promise<Verdict> {
  const stale = await ground.write('target', 'old')
  const { key } = await ground.write('source', 'first')
  await copyTo(ground, { key }, 'target', { ifMatch: stale.etag })
  await ground.write('source', 'second')
  return holds({
    act: () => copyTo(ground, { key }, 'target', { ifMatch: stale.etag }),
    stands: async () => (await ground.read('target')) === 'first',
    broken: 'a copy under a stale ETag overwrote the object there',
    held: 'a copy under a stale ETag was refused',
  })
}
