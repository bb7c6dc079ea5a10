// A sweep over as many objects as it is told, at two stores that make up their listings as they go: `node simulated.mjs
// COUNT FOLDER TIMES` sweeps twice, the second time by the records of the first, and all that so many times anew; it prints
// what that took. It is bundled, and keeps its heap as `skein verify` does.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ListOptions, ListPage, ListedObject, ObjectInfo } from '#shared/storage/contract.ts'
import { createEngine } from '#shared/jobs/engine.ts'
import { createHere } from '#shared/jobs/here.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { verifyKind } from '#shared/integrity/verify-job.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { openPrices } from '#shared/prices/prices.ts'
import { createSeal } from '#shared/seal.ts'
import { createOpening, openStore } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import { keepHeapSmall } from '../../../functions/node/heap.ts'

const [count = '0', folder = '', times = '1'] = process.argv.slice(2)
const objects = Number(count)
const platform = { env: {}, fileSystem: true, now: Date.now }

const keyOf = (n: number): string => `folder/with/a/name/object-${String(n).padStart(9, '0')}.bin`

function simulatedStore(name: string): Store {
  const opening = createOpening(`memory:${name}`, platform, { name })
  const driver = createMemoryDriver(opening)
  const simulated = {
    ...driver,
    head: async (key: string): Promise<ObjectInfo> => infoOf(key, name),
    list: async (options: ListOptions): Promise<ListPage> => page(options, name),
  }
  return new Store({ opening, driver: async () => simulated })
}

function listed(key: string, name: string): ListedObject {
  return {
    key,
    size: 4096,
    etag: `${name}-${key.slice(-13)}`,
    modified: new Date(1_700_000_000_000),
  }
}

function infoOf(key: string, name: string): ObjectInfo {
  return { ...listed(key, name), metadata: {}, checksums: { crc32c: 'AAAAAA==' } }
}

function page({ prefix = '', after, cursor, limit = 1000 }: ListOptions, name: string): ListPage {
  if (prefix !== '') return { objects: [], prefixes: [] }
  const first = cursor === undefined ? firstAfter(after) : Number(cursor)
  const end = Math.min(first + limit, objects)
  const some = Array.from({ length: Math.max(end - first, 0) }, (_, n) =>
    listed(keyOf(first + n), name),
  )
  return { objects: some, prefixes: [], ...(end < objects && { cursor: String(end) }) }
}

function firstAfter(after: string | undefined): number {
  if (after === undefined) return 0
  const digits = /object-(\d{9})/.exec(after)?.[1]
  return digits === undefined ? 0 : Number(digits) + 1
}

keepHeapSmall()
const stores = ['left', 'right'].map(simulatedStore)

interface Swept {
  firstSeconds: number
  seconds: number
  report: SweepReport
}

/** With records of its own: nothing is known of the objects at first. */
async function sweepTwice(records: string): Promise<Swept> {
  await mkdir(records)
  const here = createHere()
  const ledger = createLedger(openStore(`file:${records}`, platform))
  const kind = verifyKind({
    ...{ workspace: 'simulated', stores, ledger, now: Date.now },
    seal: createSeal(['a secret of at least thirty-two characters']),
    store: (name) => stores.find((one) => one.name === name)!,
    prices: () => openPrices({ now: Date.now }),
    send: (...tasks) => here.send(...tasks),
  })
  const engine = createEngine({
    ...{ workspace: 'simulated', ledger, kinds: ['verify'], now: Date.now },
    kind: async () => kind,
    send: (...tasks) => here.send(...tasks),
  })
  const sweep = async () => {
    const began = performance.now()
    const { id } = await engine.start('verify', { parts: 1 })
    await here.run(engine, { atOnce: 1 })
    const { report } = (await engine.report(id)) as SignedReport<SweepReport>
    return { seconds: (performance.now() - began) / 1000, report }
  }
  const first = await sweep()
  const second = await sweep()
  return { firstSeconds: first.seconds, ...second }
}

const all: Swept[] = []
for (let n = 0; n < Number(times); n++) all.push(await sweepTwice(join(folder, `records-${n}`)))
const { report } = all.at(-1)!
const mean = (of: (one: Swept) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length
console.log(
  JSON.stringify({
    objects: report.objects,
    firstSeconds: mean(({ firstSeconds }) => firstSeconds),
    seconds: mean(({ seconds }) => seconds),
    requestsPerObject: (report.requests.head + report.requests.get) / Math.max(report.objects, 1),
    megabytes: process.resourceUsage().maxRSS / 1024,
  }),
)
