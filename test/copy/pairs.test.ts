// Every ordered pair of wires that meet in one process, over real sockets; those with an R2 binding are proven
// in workerd.

import { afterAll, describe, inject, it } from 'vitest'
import { openFolders } from '../harness/folders.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { COPY_CASES } from './cases.ts'
import { azureStore, b2Store, folderStore, gcsStore, r2Store, s3Store } from './stores.ts'

const servers = inject('servers')
const folders = await openFolders()
afterAll(() => folders.close())

/** Two of each, so that a pair of one wire is of two buckets. */
async function describeTwice(
  make: (name: string) => Promise<StoreDescription> | StoreDescription,
): Promise<[StoreDescription, StoreDescription]> {
  return [await make('the source'), await make('the destination')]
}

const WIRES = {
  s3: await describeTwice((name) => s3Store(servers, name)),
  gcs: await describeTwice((name) => gcsStore(servers, name)),
  azure: await describeTwice((name) => azureStore(servers, name)),
  folder: await describeTwice((name) => folderStore(folders.description, name)),
}
const LOOK_ALIKES = {
  b2: await describeTwice((name) => b2Store(servers, name)),
  r2: await describeTwice((name) => r2Store(servers, name)),
}

const PAIRS: [string, StoreDescription, string, StoreDescription, ('here' | undefined)?][] = []
for (const [a, [source]] of Object.entries(WIRES)) {
  for (const [b, [, destination]] of Object.entries(WIRES)) {
    PAIRS.push([a, source, b, destination, a === b ? 'here' : undefined])
  }
}
for (const [b, [source, destination]] of Object.entries(LOOK_ALIKES)) {
  PAIRS.push(['s3', WIRES.s3[0], b, destination])
  PAIRS.push([b, source, 'gcs', WIRES.gcs[1]])
}

for (const [a, source, b, destination, through] of PAIRS) {
  describe(`${a} to ${b}`, () => {
    const harness = (description: StoreDescription) => createHarness(description, { fetch })
    const pair = { from: harness(source), to: harness(destination), ...(through && { through }) }
    for (const [title, run] of Object.entries(COPY_CASES)) {
      it(title, { timeout: 60_000 }, () => run(pair))
    }
  })
}

for (const wire of ['s3', 'gcs', 'azure', 'folder'] as const) {
  describe(`${wire} within, by the provider`, () => {
    const [source, destination] = WIRES[wire]
    const harness = (description: StoreDescription) => createHarness(description, { fetch })
    for (const [title, run] of Object.entries(COPY_CASES)) {
      it(title, { timeout: 60_000 }, () => run({ from: harness(source), to: harness(destination) }))
    }
  })
}
