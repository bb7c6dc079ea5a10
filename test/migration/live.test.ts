// A whole workspace moves from cloud to cloud while somebody writes, deletes and reads: through copy, cutover, draining
// and the way back nothing that was acknowledged is lost, and nothing that was deleted comes back, byte for byte.

import { expect, inject, test, vi } from 'vitest'
import type { Servers } from '../harness/servers.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import type { House } from './house.ts'
import { PATIENCE, allTexts, finish, listed, moveTo, openHouse, planned } from './house.ts'
import { read, tell, textOf, upload } from './house.ts'
import type { Life } from './life.ts'
import { startLife } from './life.ts'

vi.setConfig({ testTimeout: 180_000 })

const SEED = 20_261_121
const OBJECTS = 30

/** As the row of Amazon's own says, which an endpoint of another hides. */
const CONDITIONAL = { put: { create: true, match: true }, multipart: { create: true, match: true } }
const s3 = async (servers: Servers) => {
  const description = await describeS3(servers, { name: 's3' })
  const options = { ...description.options, capabilities: CONDITIONAL }
  return textOf({ ...description, options })
}
const gcs = async (servers: Servers) => textOf(await describeGcs(servers))
const azure = async (servers: Servers) => textOf(await describeAzurite(servers))
const folder = async () => undefined

const ALL_PAIRS = [
  { name: 'S3 to Azure', main: s3, west: azure },
  { name: 'Azure to Google Cloud Storage', main: azure, west: gcs },
  { name: 'Google Cloud Storage to S3', main: gcs, west: s3 },
  { name: 'a folder to S3', main: folder, west: s3 },
]
/** The others take their time, and run with all servers. */
const PAIRS = process.env['SKEIN_SERVERS'] === 'all' ? ALL_PAIRS : ALL_PAIRS.slice(0, 1)

async function settledLife(house: House): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (let n = 0; n < OBJECTS; n++) {
    const [key, text] = [`before/${n} 🧵.txt`, `object ${n} `.repeat(n + 1)]
    await upload(house, key, text)
    texts.set(key, text)
  }
  return texts
}

/** He goes on for a while. */
async function goesOn(life: Life): Promise<void> {
  const before = life.acts
  await vi.waitFor(() => expect(life.acts).toBeGreaterThan(before + 12), PATIENCE)
}

/** Every key that must be there is, at that store, and no other. */
async function checkStore(house: House, name: 'main' | 'west', wanted: Record<string, string>) {
  await vi.waitFor(async () => expect(await allTexts(house.stores[name])).toEqual(wanted), PATIENCE)
}

test.for(PAIRS)('$name, and back, under way all the time', async ({ main, west }) => {
  const servers = inject('servers')
  const [from, to] = [await main(servers), await west(servers)]
  const house = await openHouse({ ...(from && { main: from }), ...(to && { west: to }) })
  const life = startLife(house, SEED, await settledLife(house))
  const late = await planned(house, 'late/by an old URL.txt', 'signed before')

  const id = await moveTo(house, 'west')
  await goesOn(life)
  expect(await tell(house, id, 'cutover')).toMatchObject({ state: 'ready' })
  expect(await house.state()).toMatchObject({ acting: 'west', epoch: 1 })
  await goesOn(life)

  expect(late.store).toBe('main')
  await finish(house, late, 'signed before')
  expect(await read(house, late.key)).toBe('signed before')
  await goesOn(life)

  expect(await tell(house, id, 'rollback')).toMatchObject({ state: 'done' })
  expect(await house.state()).toMatchObject({ acting: 'main' })
  await goesOn(life)
  await life.stop()

  const wanted = { ...Object.fromEntries(life.expected), [late.key]: 'signed before' }
  expect(await listed(house)).toEqual(Object.keys(wanted).toSorted())
  await checkStore(house, 'main', wanted)
  await checkStore(house, 'west', wanted)
})
