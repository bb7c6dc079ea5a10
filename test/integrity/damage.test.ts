// Copies harmed at random at every kind of store, small ones and large ones in parts: a deep sweep finds each and calls
// it by its name, and a repair restores every byte and touches nothing else.

import { afterAll, describe, expect, inject, it } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { openFolders } from '../harness/folders.ts'
import { bytesAt } from '../copy/opened.ts'
import {
  KiB,
  azureStore,
  b2Store,
  folderStore,
  gcsStore,
  r2Store,
  s3Store,
} from '../copy/stores.ts'
import { randomFrom } from '../seeds.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness, freshPlace } from '../suites/storage/harness.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'
import type { Damage, Harmed, Kept } from './damage.ts'
import { DAMAGES, ROT, keep } from './damage.ts'
import type { Sweeping } from './sweeping.ts'
import { bytesOf, named, openSweeping } from './sweeping.ts'

const servers = inject('servers')
const folders = await openFolders()
afterAll(() => folders.close())

const DESCRIPTIONS = [
  await s3Store(servers),
  await gcsStore(servers),
  await azureStore(servers),
  await b2Store(servers),
  await r2Store(servers),
  folderStore(folders.description),
]
const KEYS = 24
const LARGE = 200 * KiB
const TIMEOUT = 120_000

interface Harming extends Harmed {
  sweeping: Sweeping
}

/** A place at the description's store, with the means to harm it. */
function openHarmed(description: StoreDescription, name: string): Omit<Harmed, 'older'> {
  const place = freshPlace()
  const { options } = description
  const open = (partSizeBytes: number): Store => {
    const transfer = { ...options?.transfer, partSizeBytes }
    return createHarness(
      { ...description, options: { ...options, name, transfer } },
      { fetch },
    ).open({ place })
  }
  const store = open(64 * KiB)
  const { control } = description
  if (!control) return { store, reparted: open(96 * KiB) }
  return {
    ...{ store, reparted: open(96 * KiB) },
    async rot(key, flipByteAt) {
      const body = JSON.stringify({ bucket: control.bucket, key: store.fullKey(key), flipByteAt })
      const answer = await fetch(`${control.url}/__control/corrupt`, { method: 'POST', body })
      if (!answer.ok) throw new Error(await answer.text())
    },
  }
}

async function fill(harmed: Omit<Harmed, 'older'>, seed: number): Promise<Harming> {
  const sweeping = openSweeping({ stores: [memoryStore('main'), harmed.store] })
  const older = new Map<string, Kept>()
  for (let n = 0; n < KEYS; n++) {
    const key = keyOf(n)
    const size = n % 3 === 0 ? LARGE + n : 100 + n
    await sweeping.write(key, bytesOf(`${seed} ${n} old`, size))
    older.set(key, await keep(harmed.store, key))
    const metadata = { colour: 'red' }
    await sweeping.write(key, bytesOf(`${seed} ${n}`, size), {
      contentType: 'text/plain',
      metadata,
    })
  }
  return { ...harmed, older, sweeping }
}

const keyOf = (n: number): string => `ordner/ü😀${String(n).padStart(3, '0')}.bin`

/** Harms each key once or not at all; what a sweep should find. */
async function harmAll(harmed: Harming, seed: number): Promise<string[]> {
  const random = randomFrom(seed)
  const damages: readonly Damage[] = harmed.rot ? [...DAMAGES, ROT, ROT] : DAMAGES
  const wrong: string[] = []
  for (let n = 0; n < KEYS; n++) {
    const damage = damages[Math.floor(random() * damages.length)]!
    const [key, other] = [keyOf(n), keyOf(n + 1)]
    if (damage.withAnother && n === KEYS - 1) continue
    await damage.harm(harmed, key, other)
    const { name } = harmed.store
    if (damage.found) wrong.push(`${damage.found} ${name} ${key}`)
    if (damage.withAnother) {
      wrong.push(`${damage.found} ${name} ${other}`)
      n++
    }
  }
  return wrong.toSorted()
}

async function isEqual(a: Store, b: Store, key: string): Promise<boolean> {
  const [one, two] = await Promise.all([bytesAt(a, key), bytesAt(b, key)])
  return Buffer.compare(one, two) === 0
}

for (const description of DESCRIPTIONS) {
  describe(description.name, { timeout: TIMEOUT }, () => {
    for (const seed of [1, 2]) {
      it(`every harm is found, named and mended: seed ${seed}`, async () => {
        const harmed = await fill(openHarmed(description, 'west'), seed)
        const { sweeping, store } = harmed
        const { sweep, primary } = sweeping
        expect(named(await sweep())).toEqual([])
        const wrong = await harmAll(harmed, seed)
        const keys = Array.from({ length: KEYS }, (_, n) => keyOf(n))
        const isWrong = (key: string) => wrong.some((one) => one.endsWith(` ${key}`))
        const before = new Map<string, string>()
        for (const key of keys) if (!isWrong(key)) before.set(key, (await store.head(key)).etag)
        const found = await sweep({ mode: 'deep' })
        expect(named(found)).toEqual(wrong)
        const mended = await sweep({ mode: 'deep', repair: 'automatic' })
        expect(mended.repairs.counts).toMatchObject({
          mended: wrong.length,
          failed: 0,
          left: 0,
          moved: 0,
        })
        expect(named(mended).filter((one) => !one.startsWith('quarantined'))).toEqual([])
        for (const key of keys)
          expect([key, await isEqual(primary, store, key)]).toEqual([key, true])
        for (const [key, etag] of before)
          expect([key, (await store.head(key)).etag]).toEqual([key, etag])
        const after = await sweep({ mode: 'deep' })
        expect(named(after).filter((one) => !one.startsWith('quarantined'))).toEqual([])
        expect((await sweep()).requests).toMatchObject({ head: 0, get: 0 })
      })
    }
  })
}
