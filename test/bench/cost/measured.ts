// One measurement in a process of its own, so that its memory is its own: `node measured.ts advise COUNT`,
// `inventory COUNT` as the command line takes one, or `inventory-plain COUNT`. Prints one line of JSON.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { keepYoungSmall } from '../../../functions/node/heap.ts'
import { takeInventory } from '#shared/cost/inventory.ts'
import type { ListOptions, ListPage, ListedObject } from '#shared/storage/contract.ts'
import { createOpening } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'

const TODAY = Date.parse('2026-11-21')
const DAY = 86_400_000
const [what = '', count = '0'] = process.argv.slice(2)

/** Ten folders of months, in each a thousand users, in each a hundred objects. */
function keyOf(number: number): string {
  const [month, user] = [Math.floor(number / 100_000) % 100, Math.floor(number / 100) % 1000]
  const name = String(number % 100).padStart(3, '0')
  return `m${String(month).padStart(2, '0')}/user-${String(user).padStart(4, '0')}/object-${name}`
}

function listed(number: number): ListedObject {
  return {
    key: keyOf(number),
    size: 1000 + ((number * 7919) % 5_000_000),
    etag: String(number),
    modified: new Date(TODAY - ((number * 31) % 800) * DAY),
    storageClass: number % 3 === 0 ? 'ARCHIVE' : 'STANDARD',
  }
}

/** Makes up its listing as it goes, and answers in another turn, as a network does. */
function listingStore(name: string, objects: number): Store {
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const opening = createOpening(`memory:${name}`, platform, { name })
  const list = async ({ cursor = '0', limit = 1000 }: ListOptions): Promise<ListPage> => {
    await nextTurn()
    const first = Number(cursor)
    const end = Math.min(first + limit, objects)
    const some = Array.from({ length: end - first }, (_, at) => listed(first + at))
    return { objects: some, prefixes: [], ...(end < objects && { cursor: String(end) }) }
  }
  return new Store({ opening, driver: async () => ({ ...createMemoryDriver(opening), list }) })
}

async function measureInventory(objects: number): Promise<object> {
  if (what === 'inventory') keepYoungSmall()
  const stores = ['main', 'second'].map((name) => listingStore(name, objects))
  const taking = takeInventory('bench', stores, { now: TODAY })
  while (!(await taking.page()));
  return { objects: taking.objects, cells: taking.result().cells.length }
}

/** Loaded here, so that an inventory is measured without it. */
async function measureAdvice(groups: number): Promise<object> {
  const { adviseGroups } = await import('#shared/cost/advice/advise.ts')
  const { openRegions } = await import('#shared/cost/regions.ts')
  const { openPrices } = await import('#shared/prices/prices.ts')
  const { formatUsd } = await import('#shared/prices/money.ts')
  const { PLACES, manyGroups } = await import('./groups.ts')
  const prices = await openPrices({ now: () => TODAY })
  const regions = await openRegions()
  const many = manyGroups(groups)
  const began = performance.now()
  const advice = adviseGroups(
    { prices, regions, places: PLACES, constraints: { reads: 'cheapest' } },
    many,
  )
  return {
    seconds: (performance.now() - began) / 1000,
    options: PLACES.reduce((sum, { classes }) => sum + classes.length, 0),
    monthNow: formatUsd(advice.monthNow),
    monthAfter: formatUsd(advice.monthAfter),
    gapPercent: advice.gapPercent,
  }
}

const began = performance.now()
const found = await (what === 'advise' ? measureAdvice : measureInventory)(Number(count))
const rssMb = process.resourceUsage().maxRSS / 1024
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, rssMb, ...found }))
