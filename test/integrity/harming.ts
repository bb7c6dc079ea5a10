// Stores whose copies are harmed: every wire, small objects and large ones in parts, with the means to rot what lies
// there where its server has them.

import { describeRadosgw } from '../harness/descriptions.ts'
import type { Servers } from '../harness/servers.ts'
import {
  KiB,
  azureStore,
  b2Store,
  folderStore,
  gcsStore,
  r2Store,
  s3Store,
} from '../copy/stores.ts'
import { bytesAt } from '../copy/opened.ts'
import type { Store } from '#shared/storage/store.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness, freshPlace } from '../suites/storage/harness.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'
import type { Harmed, Kept } from './damage.ts'
import { keep } from './damage.ts'
import type { Sweeping } from './sweeping.ts'
import { bytesOf, openSweeping } from './sweeping.ts'

export interface Kind {
  description: StoreDescription
  /** Of parts, and of those that a large object is rewritten in. */
  partBytes: number
  otherPartBytes: number
  largeBytes: number
  /** Of the runs at random. */
  seeds: readonly number[]
}

const SMALL_PARTS = {
  partBytes: 64 * KiB,
  otherPartBytes: 96 * KiB,
  largeBytes: 200 * KiB,
  seeds: [1, 2],
}
const MiB = 1024 * KiB
/** Ceph takes no smaller ones. */
const CEPH_PARTS = { partBytes: 5 * MiB, otherPartBytes: 6 * MiB, largeBytes: 11 * MiB, seeds: [1] }

/** Every kind of store that runs here; Ceph's gateway where it was asked for. */
export async function storesToHarm(servers: Servers, folder: StoreDescription): Promise<Kind[]> {
  const small = [
    await s3Store(servers),
    await gcsStore(servers),
    await azureStore(servers),
    await b2Store(servers),
    await r2Store(servers),
    folderStore(folder),
  ]
  const ceph = await describeRadosgw(servers)
  const large = typeof ceph === 'string' ? [] : [{ description: ceph, ...CEPH_PARTS }]
  return [...small.map((description) => ({ description, ...SMALL_PARTS })), ...large]
}

export interface Harming extends Harmed {
  sweeping: Sweeping
}

/** A workspace in memory whose replica is a place at the store, with each key written twice and copied. */
export async function openHarming(
  kind: Kind,
  keys: readonly string[],
  { seed, isLarge }: { seed: number; isLarge: (key: string, n: number) => boolean },
): Promise<Harming> {
  const harmed = openHarmed(kind)
  const sweeping = openSweeping({ stores: [memoryStore('main'), harmed.store] })
  const older = new Map<string, Kept>()
  for (const [n, key] of keys.entries()) {
    const size = (isLarge(key, n) ? kind.largeBytes : 100) + n
    await sweeping.write(key, bytesOf(`${seed} ${n} old`, size))
    older.set(key, await keep(harmed.store, key))
    const properties = { contentType: 'text/plain', metadata: { colour: 'red' } }
    await sweeping.write(key, bytesOf(`${seed} ${n}`, size), properties)
  }
  return { ...harmed, older, sweeping }
}

function openHarmed({ description, partBytes, otherPartBytes }: Kind): Omit<Harmed, 'older'> {
  const place = freshPlace()
  const { options, control } = description
  const open = (partSizeBytes: number): Store => {
    const multipartThresholdBytes = partSizeBytes * 2
    const transfer = { ...options?.transfer, partSizeBytes, multipartThresholdBytes }
    const named = { ...description, options: { ...options, name: 'west', transfer } }
    return createHarness(named, { fetch }).open({ place })
  }
  const store = open(partBytes)
  const both = { store, reparted: open(otherPartBytes) }
  if (!control) return both
  return {
    ...both,
    async rot(key, flipByteAt) {
      const body = JSON.stringify({ bucket: control.bucket, key: store.fullKey(key), flipByteAt })
      const answer = await fetch(`${control.url}/__control/corrupt`, { method: 'POST', body })
      if (!answer.ok) throw new Error(await answer.text())
    },
  }
}

export async function isEqual(a: Store, b: Store, key: string): Promise<boolean> {
  const [one, two] = await Promise.all([bytesAt(a, key), bytesAt(b, key)])
  return Buffer.compare(one, two) === 0
}
