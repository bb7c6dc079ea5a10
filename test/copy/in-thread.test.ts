// Copies whose bytes are hashed by a thread: what it says is what counts, and where it goes wrong nothing wrong
// is written and nothing is left in its hands.

import { describe, expect, it } from 'vitest'
import type { DigestsInThread } from '#shared/platform.ts'
import type { Store } from '#shared/storage/store.ts'
import { DigestsLost } from '#shared/wire/digests-lost.ts'
import { startInThread } from '../../functions/node/digest-threads.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { rejectsWith } from '../suites/storage/expect.ts'
import type { Ends } from './opened.ts'
import { bytesAt, openEnds } from './opened.ts'
import { PART_BYTES } from './stores.ts'

const PARTS = 7
const LARGE = PART_BYTES * (PARTS - 1) + 7

interface Watched {
  ends: Ends
  started: number
  /** Neither asked for their values nor dropped. */
  open: Set<DigestsInThread>
}

/** The destination's platform has a thread, of which `change` makes another. */
async function openWatched(
  change: (digests: DigestsInThread, nth: number) => Partial<DigestsInThread> = () => ({}),
): Promise<Watched> {
  const ends = await openEnds('s3', 'gcs')
  const watched: Watched = { ends, started: 0, open: new Set() }
  const start: Store['startInThread'] = (algorithms) => {
    const real = startInThread(algorithms)
    if (!real) throw new Error('There is no thread.')
    const changed: DigestsInThread = { ...real, ...change(real, ++watched.started) }
    const over = <T>(value: T): T => {
      watched.open.delete(digests)
      return value
    }
    const digests: DigestsInThread = {
      update: (bytes) => changed.update(bytes),
      values: async () => over(await changed.values()),
      drop: () => over(changed.drop()),
    }
    watched.open.add(digests)
    return digests
  }
  Object.defineProperty(ends.to.store, 'startInThread', { value: start })
  return watched
}

describe('a copy that is hashed by a thread', { timeout: 60_000 }, () => {
  it('is right, and known to be', async () => {
    const watched = await openWatched()
    const { from, to, copy } = watched.ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    const copied = await copy('key')
    expect(copied.evidence).toBe('attested')
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    expect(watched).toMatchObject({ started: PARTS, open: new Set() })
  })

  const wrong = async () => ({ crc64nvme: 'AAAAAAAAAAA=', crc32c: 'AAAAAA==' })

  it('fails where the thread finds other digests than the stores tell', async () => {
    const { ends, open } = await openWatched(() => ({ values: wrong }))
    await ends.from.store.put('key', bytesOf(LARGE))
    await rejectsWith('corrupt', () => ends.copy('key'))
    expect(await ends.to.store.find('key')).toBeUndefined()
    expect(open.size).toBe(0)
  })

  it('sends a part again whose digests the destination does not confirm', async () => {
    const watched = await openWatched((_, nth) => (nth === 3 ? { values: wrong } : {}))
    const { from, to, copy } = watched.ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    await copy('key')
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    expect(watched).toMatchObject({ started: PARTS + 1, open: new Set() })
  })

  it.each(['update', 'values'] as const)('sends a part again whose %s were lost', async (what) => {
    const lose = async (): Promise<never> => {
      throw new DigestsLost(new Error('the thread died'))
    }
    const watched = await openWatched((_, nth) => (nth <= 2 ? { [what]: lose } : {}))
    const { from, to, copy } = watched.ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    await copy('key')
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    expect(watched).toMatchObject({ started: PARTS + 2, open: new Set() })
  })

  it('leaves nothing to the thread when it is given up', async () => {
    const stop = new AbortController()
    let updates = 0
    const watched = await openWatched((digests) => ({
      async update(bytes) {
        if (++updates === 5) stop.abort(new Error('enough'))
        await digests.update(bytes)
      },
    }))
    const { from, to, copy } = watched.ends
    await from.store.put('key', bytesOf(LARGE))
    await expect(copy('key', { signal: stop.signal })).rejects.toThrow('enough')
    expect(watched.open.size).toBe(0)
    expect(await to.store.find('key')).toBeUndefined()
  })
})
