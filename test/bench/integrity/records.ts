// What a first sweep leaves, made from the listings alone: asking 200,000 objects of servers that share this machine
// would take most of the benchmark's time and show nothing that it is about.

import { joinByKey } from '#shared/compare/join.ts'
import { listInOrder } from '#shared/compare/listing.ts'
import { identified } from '#shared/compare/pair.ts'
import { openContext } from '#shared/integrity/context.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { openStore } from '#shared/storage/open.ts'
import { createSeal } from '#shared/seal.ts'
import type { Stage } from './stage.ts'

export async function keepRecords({ sides, records: kept }: Stage): Promise<void> {
  const [left, right] = sides
  const place = {
    ...{ workspace: '', stores: [], seal: createSeal([]), now: Date.now },
    ledger: createLedger(openStore(kept, { env: {}, fileSystem: true, now: Date.now })),
    store: (name: string) => (name === left.name ? left.store : right.store),
    prices: () => openPrices({ now: Date.now }),
    send: async () => undefined,
  }
  const stores = sides.map(({ name }) => ({ store: name }))
  const { places, order, records } = await openContext(place, { stores })
  const writer = records[0]!.write()
  const [from, to] = places.map((one) => listInOrder(one, order))
  for await (const rows of joinByKey([from!, to!], order.compare)) {
    for (const { key, at } of rows) {
      const [source, there] = at
      if (!source || !there) continue
      const identities = { from: identified(source), to: identified(there) }
      await writer.add({ key, size: source.size, ...identities, grade: 'declared' })
    }
  }
  await writer.commit()
}
