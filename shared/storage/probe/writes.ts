// Single writes and deletes: their conditions, and the digests that are really compared.

import { digestOf } from '#shared/wire/digest.ts'
import type { ChecksumAlgorithm } from '../contract.ts'
import type { Finding, Verdict } from './finding.ts'
import { holds, no, verdictOf, yes } from './finding.ts'
import type { Ground } from './ground.ts'
import { ALGORITHMS } from './optimism.ts'

export async function probeWrites(ground: Ground): Promise<Finding[]> {
  const { put, delete: deletes } = ground.recorded
  return [
    {
      cell: 'put.create',
      recorded: put.create,
      ...(await verdictOf(() => createsOnly(ground))),
    },
    {
      cell: 'put.match',
      recorded: put.match,
      ...(await verdictOf(() => matches(ground))),
    },
    {
      cell: 'delete.match',
      recorded: deletes.match,
      ...(await verdictOf(() => deletesMatching(ground))),
    },
    ...(await probeBatches(ground)),
    ...(await probeChecksums(ground)),
  ]
}

async function createsOnly(ground: Ground): Promise<Verdict> {
  await ground.write('create', 'first', { mode: 'create' })
  return holds({
    act: () => ground.write('create', 'second', { mode: 'create' }),
    stands: async () => (await ground.read('create')) === 'first',
    broken: 'a second create overwrote the first',
    held: 'a second create was refused',
  })
}

async function matches(ground: Ground): Promise<Verdict> {
  const { etag } = await ground.write('match', 'first')
  await ground.write('match', 'second', { mode: { ifMatch: etag } })
  if ((await ground.read('match')) !== 'second')
    return no('a write under a true condition was lost')
  return holds({
    act: () => ground.write('match', 'third', { mode: { ifMatch: etag } }),
    stands: async () => (await ground.read('match')) === 'second',
    broken: 'a write under a stale ETag overwrote the object',
    held: 'a write under a stale ETag was refused',
  })
}

async function deletesMatching(ground: Ground): Promise<Verdict> {
  const stale = await ground.write('delete', 'first')
  const { key, etag } = await ground.write('delete', 'second')
  const verdict = await holds({
    act: () => ground.delete({ key, ifMatch: stale.etag }),
    stands: async () => (await ground.find('delete')) === 'second',
    broken: 'a delete under a stale ETag deleted the object',
    held: 'a delete under a stale ETag was refused',
  })
  if (!verdict.found) return verdict
  await ground.delete({ key, ifMatch: etag })
  return (await ground.find('delete')) === undefined
    ? verdict
    : no('a delete under a true condition deleted nothing')
}

/** Only whether several keys go in one request: how many is the vendor's to say. */
async function probeBatches(ground: Ground): Promise<Finding[]> {
  const recorded = ground.recorded.delete.batch
  if (recorded <= 1) return []
  const { found, how } = await verdictOf(() => deletesSeveral(ground))
  return [
    { cell: 'delete.batch', recorded, found: found === null ? null : found ? recorded : 1, how },
  ]
}

async function deletesSeveral(ground: Ground): Promise<Verdict> {
  const names = ['batch-one', 'batch-two']
  const targets = []
  for (const name of names) targets.push({ key: (await ground.write(name, 'x')).key })
  await ground.delete(...targets)
  for (const name of names) {
    if ((await ground.find(name)) !== undefined) return no('a delete of two keys left one')
  }
  return yes('two keys were deleted in one request')
}

async function probeChecksums(ground: Ground): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const algorithm of ALGORITHMS) {
    findings.push({
      cell: `put.checksums.${algorithm}`,
      recorded: ground.recorded.put.checksums.includes(algorithm),
      ...(await verdictOf(() => compares(ground, algorithm))),
    })
  }
  return findings
}

async function compares(ground: Ground, algorithm: ChecksumAlgorithm): Promise<Verdict> {
  const { store, signal } = ground
  const key = ground.key(`digest-${algorithm}`)
  const [right, wrong] = ['right', 'wrong'].map((text) => ({
    algorithm,
    value: digestOf(algorithm, new TextEncoder().encode(text)),
  }))
  const verdict = await holds({
    act: () => store.put(key, 'right', { checksum: wrong, signal }),
    stands: async () => (await store.find(key, { signal })) === undefined,
    broken: 'a wrong digest was accepted',
    held: 'a wrong digest was refused',
  })
  if (!verdict.found) return verdict
  await store.put(key, 'right', { checksum: right, signal })
  return yes('a wrong digest was refused and the right one accepted')
}
