// A copy that was killed, or whose time was up, goes on from where it was: what is sent twice is counted. And
// one object that several functions bring over together.

import { describe, expect, it } from 'vitest'
import type { CopyJob } from '#shared/copy/job.ts'
import { CopyPaused } from '#shared/copy/in-parts.ts'
import { sweepCopies } from '#shared/copy/sweep.ts'
import { copyObject } from '#shared/copy/copy.ts'
import { openParts } from '#shared/copy/parts-copy.ts'
import { copyRange } from '#shared/copy/ranges.ts'
import { planOf } from '#shared/copy/share.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import type { Ends } from './opened.ts'
import { bytesAt, openEnds } from './opened.ts'
import { PART_BYTES } from './stores.ts'

const PARTS = 12
const LARGE = PART_BYTES * (PARTS - 1) + 7
const PART = { s3: 'UploadPart', gcs: 'multipart.part' }
/** The first shares a digest with its destination, the second is hashed on the way. */
const PAIRS = [
  ['gcs', 's3'],
  ['s3', 'gcs'],
] as const

async function partsSent({ to }: Ends, b: 's3' | 'gcs'): Promise<number> {
  return (await to.asked())[PART[b]] ?? 0
}

describe.each(PAIRS)('%s to %s', { timeout: 60_000 }, (a, b) => {
  it('goes on after an abort, and sends again only what was in flight', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    const killed = new AbortController()
    const onProgress = (moved: number) => {
      if (moved >= LARGE / 2) killed.abort(new Error('killed'))
    }
    const first = copy('key', { size: LARGE, onProgress, signal: killed.signal })
    await expect(first).rejects.toThrow('killed')
    const { resumedBytes, evidence } = await copy('key', { size: LARGE })
    expect(resumedBytes).toBeGreaterThanOrEqual(LARGE / 2)
    expect(evidence).toBe(a === 'gcs' ? 'declared' : 'attested')
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    const lanes = to.store.transfer.concurrency
    expect(await partsSent(ends, b)).toBeLessThanOrEqual(PARTS + lanes)
  })

  it('pauses when its time is up, and sends nothing twice', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    let steps = 0
    for (;;) {
      let left = 3
      const mayGoOn = () => left-- > 0
      const copied = await copy('key', { size: LARGE, mayGoOn }).catch((error: unknown) => error)
      if (!(copied instanceof CopyPaused)) break
      steps++
    }
    expect(steps).toBe(PARTS / 3 - 1)
    expect(await partsSent(ends, b)).toBe(PARTS)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
  })

  it('is swept away when nobody ends it', async () => {
    const { from, to, copy } = await openEnds(a, b)
    await from.store.put('key', bytesOf(LARGE))
    let left = 5
    const paused = copy('key', { size: LARGE, mayGoOn: () => left-- > 0 })
    await expect(paused).rejects.toThrow(CopyPaused)
    const reserved = to.store.reserved()
    const { multipart } = to.store.groups
    const hour = 3_600_000
    expect(await sweepCopies(reserved, new Date(Date.now() - hour))).toEqual({ dropped: 0 })
    expect((await multipart.listUploads()).uploads).toHaveLength(1)
    expect(await sweepCopies(reserved, new Date(Date.now() + hour))).toEqual({ dropped: 1 })
    expect((await multipart.listUploads()).uploads).toEqual([])
    expect((await reserved.list({ prefix: '.skein/' })).objects).toEqual([])
    const { resumedBytes } = await copy('key', { size: LARGE })
    expect(resumedBytes).toBe(0)
  })

  it('begins anew when the source is another by then', async () => {
    const { from, to, copy } = await openEnds(a, b)
    await from.store.put('key', bytesOf(LARGE, 1))
    let left = 5
    const paused = copy('key', { size: LARGE, mayGoOn: () => left-- > 0 })
    await expect(paused).rejects.toThrow(CopyPaused)
    const bytes = bytesOf(LARGE, 2)
    await from.store.put('key', bytes)
    const { resumedBytes } = await copy('key', { size: LARGE })
    expect(resumedBytes).toBe(0)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    expect((await to.store.groups.multipart.listUploads()).uploads).toEqual([])
  })

  it('is brought over by several at once, twice in places, and finished once', async () => {
    const ends = await openEnds(a, b)
    const { from, to } = ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    const job: CopyJob = {
      ...{ from: from.store, to: to.store, key: 'key', mode: 'create', through: 'here' },
      own: () => ({ skein_source: 'of this very version' }),
    }
    const source = await from.store.head('key')
    const planned = async () => planOf(await openParts(job, source), 5)
    const plan = await planned()
    expect(plan).toMatchObject({ parts: PARTS, partBytes: PART_BYTES })
    expect(plan.missing).toEqual([
      { firstPart: 1, lastPart: 5 },
      { firstPart: 6, lastPart: 10 },
      { firstPart: 11, lastPart: 12 },
    ])
    const [first, second, third] = plan.missing
    expect(await copyRange(job, plan.uploadId, first!)).toBe(false)
    expect((await planned()).missing).toEqual([second, third])
    const rest = [second!, second!, third!].map((one) => copyRange(job, plan.uploadId, one))
    expect(await Promise.all(rest)).toContain(true)
    const sent = await partsSent(ends, b)
    const finish = () => copyObject({ ...job, size: LARGE })
    const whole = { how: 'parts', resumedBytes: LARGE }
    expect(await Promise.all([finish(), finish()])).toMatchObject([whole, whole])
    expect(await partsSent(ends, b)).toBe(sent)
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    await expect(copyRange(job, plan.uploadId, first!)).rejects.toMatchObject({
      name: 'StorageError',
    })
  })

  it('gives up its ranges when the source has changed', async () => {
    const { from, to } = await openEnds(a, b)
    await from.store.put('key', bytesOf(LARGE, 1))
    const job: CopyJob = {
      from: from.store,
      to: to.store,
      key: 'key',
      mode: 'create',
      through: 'here',
    }
    const plan = planOf(await openParts(job, await from.store.head('key')), 100)
    await from.store.put('key', bytesOf(LARGE, 2))
    const range = copyRange(job, plan.uploadId, plan.missing[0]!)
    await expect(range).rejects.toMatchObject({ kind: 'precondition' })
    expect(await to.store.find('key')).toBeUndefined()
  })
})
