// Several who bring over one large object all find it whole, and one of them ends it: for the others it is ended
// too, whatever they were about to do, and nobody sends again what was through.

import { describe, expect, it } from 'vitest'
import { copyObject } from '#shared/copy/copy.ts'
import { bringParts } from '#shared/copy/in-parts.ts'
import type { CopyJob } from '#shared/copy/job.ts'
import { openParts } from '#shared/copy/parts-copy.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { rejectsWith } from '../suites/storage/expect.ts'
import type { Ends } from './opened.ts'
import { bytesAt, openEnds } from './opened.ts'
import { PART_BYTES } from './stores.ts'

const PARTS = 6
const LARGE = PART_BYTES * (PARTS - 1) + 7
const PART = { s3: 'UploadPart', gcs: 'multipart.part' }
/** The first shares a digest with its destination, the second is hashed on the way. */
const PAIRS = [
  ['gcs', 's3'],
  ['s3', 'gcs'],
] as const

interface Opened extends Ends {
  bytes: Uint8Array
  job: CopyJob
  /** All parts are at the destination, and nobody has ended the copy. */
  bring: (job: CopyJob) => Promise<void>
  sent: () => Promise<number>
}

async function open(a: 's3' | 'gcs', b: 's3' | 'gcs'): Promise<Opened> {
  const ends = await openEnds(a, b)
  const { from, to } = ends
  const bytes = bytesOf(LARGE)
  await from.store.put('key', bytes)
  const own = () => ({ skein_source: 'of this very version' })
  const job: CopyJob = {
    ...{ from: from.store, to: to.store, key: 'key', mode: 'create', through: 'here' },
    ...{ size: LARGE, own },
  }
  return {
    ...{ ...ends, bytes, job },
    async bring(one) {
      const copy = await openParts(one, await from.store.head('key'))
      await bringParts(copy, copy.cut)
    },
    sent: async () => (await to.asked())[PART[b]] ?? 0,
  }
}

/** The same store, which does something else right before it makes the parts of `key` one object. */
function endingAfter(store: Store, act: () => Promise<unknown>): Store {
  const held = store.reserved()
  const { multipart } = held.groups
  const complete = multipart.complete.bind(multipart)
  multipart.complete = async (key, ...given) => {
    if (key === 'key') await act()
    return complete(key, ...given)
  }
  return held
}

describe.each(PAIRS)('%s to %s', { timeout: 60_000 }, (a, b) => {
  it('is ended for both where another was faster by a moment', async () => {
    const { to, job, bytes, bring, sent } = await open(a, b)
    await bring(job)
    let first: Promise<unknown> | undefined
    const slow = endingAfter(to.store, () => (first = copyObject(job)))
    const second = await copyObject({ ...job, to: slow })
    expect(await first).toMatchObject({ how: 'parts', resumedBytes: LARGE })
    expect(second).toMatchObject({ how: 'parts', resumedBytes: LARGE })
    expect(second.info.etag).toBe((await to.store.head('key')).etag)
    expect(await sent()).toBe(PARTS)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
  })

  it('is ended for both where it took the place of what both had seen', async () => {
    const { to, job, bytes, bring, sent } = await open(a, b)
    const { etag } = await to.store.put('key', 'an older one')
    const replacing: CopyJob = { ...job, mode: { ifMatch: etag } }
    await bring(replacing)
    const slow = endingAfter(to.store, () => copyObject(replacing))
    const { info, resumedBytes } = await copyObject({ ...replacing, to: slow })
    expect(resumedBytes).toBe(LARGE)
    expect(info.etag).not.toBe(etag)
    expect(await sent()).toBe(PARTS)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
  })

  it('is not begun again by who comes when all is over', async () => {
    const { to, job, sent } = await open(a, b)
    const { info } = await copyObject(job)
    const again = await copyObject(job)
    expect(again).toMatchObject({ resumedBytes: LARGE, info: { etag: info.etag } })
    expect(await sent()).toBe(PARTS)
    expect((await to.store.groups.multipart.listUploads()).uploads).toEqual([])
  })

  it('tells of another’s object before the first byte', async () => {
    const { to, job, sent } = await open(a, b)
    await to.store.put('key', 'another was faster')
    await rejectsWith('exists', () => copyObject(job))
    expect(await sent()).toBe(0)
  })
})

describe('where a condition makes a commit of two steps', { timeout: 60_000 }, () => {
  /** All was put together, and who did it died before it was in its place. */
  async function openHalfEnded(): Promise<Opened> {
    const opened = await open('s3', 'gcs')
    const { to, job, bring } = opened
    await bring(job)
    const busy = {
      operation: 'objects.rewrite',
      times: 3,
      action: { status: 503, reason: 'backendError' },
    }
    await to.control.fault(busy)
    await rejectsWith('unavailable', () => copyObject(job))
    expect(await to.store.find('key')).toBeUndefined()
    return opened
  }

  it('is ended by the next one, who sends nothing', async () => {
    const { to, job, bytes, sent } = await openHalfEnded()
    expect(await copyObject(job)).toMatchObject({ how: 'parts', resumedBytes: LARGE })
    expect(await sent()).toBe(PARTS)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    const left: string[] = []
    for await (const { key } of to.store.reserved().listAll({ prefix: '.skein/' })) left.push(key)
    expect(left).toEqual([])
  })

  it('loses nothing by a part that comes late', async () => {
    const { from, to, job, bytes, sent } = await openHalfEnded()
    const late = await openParts(job, await from.store.head('key'))
    late.done.delete(2)
    await rejectsWith('not-found', () => bringParts(late, late.cut))
    const before = await sent()
    expect(await copyObject(job)).toMatchObject({ how: 'parts', resumedBytes: LARGE })
    expect(await sent()).toBe(before)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
  })
})
