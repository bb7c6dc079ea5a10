// Copies harmed at every kind of store, small ones and large ones in parts: at random, and each harm once for sure. A deep
// sweep finds each and calls it by its name, and a repair restores every byte and touches nothing else.

import { afterAll, describe, expect, inject, it } from 'vitest'
import { openFolders } from '../harness/folders.ts'
import { randomFrom } from '../seeds.ts'
import type { Damage } from './damage.ts'
import { DAMAGES, ROT } from './damage.ts'
import type { Harming } from './harming.ts'
import { isEqual, openHarming, storesToHarm } from './harming.ts'
import { named } from './sweeping.ts'

const folders = await openFolders()
afterAll(() => folders.close())
const KINDS = await storesToHarm(inject('servers'), folders.description)

const KEYS = 24
const TIMEOUT = 300_000

const keyOf = (n: number): string => `ordner/ü😀${String(n).padStart(3, '0')}.bin`

async function harmOne(harmed: Harming, damage: Damage, key: string, other: string) {
  await damage.harm(harmed, key, other)
  const { name } = harmed.store
  if (!damage.found) return []
  const keys = damage.withAnother ? [key, other] : [key]
  return keys.map((one) => `${damage.found} ${name} ${one}`)
}

/** Harms each key once or not at all; what a sweep should find. */
async function harmAtRandom(harmed: Harming, keys: readonly string[], seed: number) {
  const random = randomFrom(seed)
  const damages: readonly Damage[] = harmed.rot ? [...DAMAGES, ROT, ROT] : DAMAGES
  const wrong: string[] = []
  for (let n = 0; n < keys.length; n++) {
    const damage = damages[Math.floor(random() * damages.length)]!
    if (damage.withAnother && n === keys.length - 1) continue
    wrong.push(...(await harmOne(harmed, damage, keys[n]!, keys[n + 1] ?? '')))
    if (damage.withAnother) n++
  }
  return wrong.toSorted()
}

/** Sweeps, mends, sweeps again; `wrong` is what is to be found. */
async function holdToIt(harmed: Harming, keys: readonly string[], wrong: readonly string[]) {
  const { sweeping, store } = harmed
  const { sweep, primary } = sweeping
  const isWrong = (key: string) => wrong.some((one) => one.endsWith(` ${key}`))
  const before = new Map<string, string>()
  for (const key of keys) if (!isWrong(key)) before.set(key, (await store.head(key)).etag)
  expect(named(await sweep({ mode: 'deep' }))).toEqual(wrong)
  const mended = await sweep({ mode: 'deep', repair: 'automatic' })
  const none = { failed: 0, left: 0, moved: 0, gone: 0 }
  expect(mended.repairs.counts).toEqual({ ...none, mended: wrong.length })
  expect(withoutAside(named(mended))).toEqual([])
  for (const key of keys) expect([key, await isEqual(primary, store, key)]).toEqual([key, true])
  for (const [key, etag] of before) expect([key, (await store.head(key)).etag]).toEqual([key, etag])
  expect(withoutAside(named(await sweep({ mode: 'deep' })))).toEqual([])
  expect((await sweep()).requests).toMatchObject({ head: 0, get: 0 })
}

function withoutAside(found: readonly string[]): string[] {
  return found.filter((one) => !one.startsWith('quarantined'))
}

for (const kind of KINDS) {
  describe(kind.description.name, { timeout: TIMEOUT }, () => {
    for (const seed of kind.seeds) {
      it(`every harm is found, named and mended: seed ${seed}`, async () => {
        const keys = Array.from({ length: KEYS }, (_, n) => keyOf(n))
        const harmed = await openHarming(kind, keys, { seed, isLarge: (_, n) => n % 3 === 0 })
        expect(named(await harmed.sweeping.sweep())).toEqual([])
        await holdToIt(harmed, keys, await harmAtRandom(harmed, keys, seed))
      })
    }

    it('each harm, of an object in one piece and of one in parts', async () => {
      const damages = kind.description.control ? [...DAMAGES, ROT] : DAMAGES
      const keys = damages.flatMap(({ name, withAnother }) => {
        const those = ['parts', 'one', ...(withAnother ? ['other parts', 'other one'] : [])]
        return those.map((what) => `${name}: ${what}`)
      })
      const isLarge = (key: string) => key.endsWith('parts')
      const harmed = await openHarming(kind, keys, { seed: 3, isLarge })
      expect(named(await harmed.sweeping.sweep())).toEqual([])
      const wrong: string[] = []
      for (const damage of damages) {
        const at = (what: string) => `${damage.name}: ${what}`
        wrong.push(...(await harmOne(harmed, damage, at('parts'), at('other parts'))))
        wrong.push(...(await harmOne(harmed, damage, at('one'), at('other one'))))
      }
      await holdToIt(harmed, keys, wrong.toSorted())
    })
  })
}
