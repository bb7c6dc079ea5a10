// What is kept beside the objects: the order of their names, their tags, their versions.

import type { Capabilities } from '../capabilities.ts'
import { StorageError } from '../errors.ts'
import type { Finding, Verdict } from './finding.ts'
import { no, open, verdictOf, yes } from './finding.ts'
import type { Ground } from './ground.ts'

/** The first is smaller in UTF-8 and larger in UTF-16, where the second begins with a surrogate. */
const WIDE_TILDE = '\uff5e'
const FACE = '\u{1f600}'

export async function probeMarks(ground: Ground): Promise<Finding[]> {
  const { list, tags, versions } = ground.recorded
  return [
    { cell: 'list.order', recorded: list.order, ...(await orderOf(ground)) },
    { cell: 'tags', recorded: tags !== null, ...(await verdictOf(() => keepsTags(ground))) },
    { cell: 'versions', recorded: versions, ...(await verdictOf(() => listsVersions(ground))) },
  ]
}

/** Over pages of one key, where a driver has nothing to sort. */
async function orderOf(ground: Ground): Promise<Verdict<Capabilities['list']['order']>> {
  try {
    for (const name of [WIDE_TILDE, FACE]) await ground.write(`order/${name}`, 'x')
    const prefix = ground.key('order/')
    const { objects } = await ground.store.list({ prefix, limit: 1, signal: ground.signal })
    const first = objects[0]?.key.slice(prefix.length)
    if (first === WIDE_TILDE) return { found: 'utf8', how: 'U+FF5E came before U+1F600' }
    if (first === FACE) return { found: 'utf16', how: 'U+1F600 came before U+FF5E' }
    return open('a list of two keys did not begin with either')
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return open(error.message)
  }
}

async function keepsTags(ground: Ground): Promise<Verdict> {
  const { store, signal } = ground
  const { key } = await ground.write('tagged', 'x', { tags: { probe: 'written' } })
  const written = await store.groups.tags.get(key, { signal })
  if (written['probe'] !== 'written') return no('tags given with a write were not kept')
  await store.groups.tags.set(key, { probe: 'set' }, { signal })
  const set = await store.groups.tags.get(key, { signal })
  return set['probe'] === 'set'
    ? yes('tags were written and set')
    : no('tags that were set were not kept')
}

async function listsVersions(ground: Ground): Promise<Verdict> {
  const { key } = await ground.write('versioned', 'x')
  const { store, signal } = ground
  const { versions } = await store.groups.versions.list({ prefix: key, signal })
  return versions.some((one) => one.key === key)
    ? yes('the versions of an object were listed')
    : open(
        'the list of versions holds no new object: the bucket keeps none, or the server knows none',
      )
}
