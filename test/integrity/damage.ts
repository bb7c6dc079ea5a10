// What can happen to a copy, done to it behind Skein's back, with the name that a deep sweep has to find for it.

import type { ObjectProperties } from '#shared/storage/contract.ts'
import { propertiesOf } from '#shared/copy/within.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesAt } from '../copy/opened.ts'

export interface Damage {
  name: string
  /** Undefined: nothing is wrong. */
  found: string | undefined
  /** Of another key, too, where two are meant. */
  withAnother?: boolean
  harm(place: Harmed, key: string, other: string): Promise<void>
}

export interface Harmed {
  store: Store
  /** The same place, written in parts of another size. */
  reparted: Store
  /** What lay there before, with all that lay beside it. */
  older: ReadonlyMap<string, Kept>
  /** Of the stored bytes alone, where its server can. */
  rot?: ((key: string, at: number) => Promise<void>) | undefined
}

export interface Kept {
  bytes: Uint8Array
  properties: ObjectProperties
}

export async function keep(store: Store, key: string): Promise<Kept> {
  return { bytes: await bytesAt(store, key), properties: propertiesOf(await store.head(key)) }
}

async function rewrite(store: Store, key: string, change: (kept: Kept) => Kept): Promise<void> {
  const { bytes, properties } = change(await keep(store, key))
  await store.put(key, bytes, properties)
}

function flipped(bytes: Uint8Array): Uint8Array {
  const at = Math.floor(bytes.length * 0.7)
  return bytes.map((byte, index) => (index === at ? byte ^ 4 : byte))
}

export const DAMAGES: readonly Damage[] = [
  {
    name: 'flipped',
    found: 'corrupt',
    harm: ({ store }, key) =>
      rewrite(store, key, (kept) => ({ ...kept, bytes: flipped(kept.bytes) })),
  },
  {
    name: 'truncated',
    found: 'corrupt',
    harm: ({ store }, key) =>
      rewrite(store, key, (kept) => ({ ...kept, bytes: kept.bytes.slice(0, -3) })),
  },
  {
    name: 'extended',
    found: 'corrupt',
    harm: ({ store }, key) =>
      rewrite(store, key, (kept) => ({
        ...kept,
        bytes: Buffer.concat([kept.bytes, Buffer.of(0)]),
      })),
  },
  {
    name: 'swapped',
    found: 'corrupt',
    withAnother: true,
    async harm({ store }, key, other) {
      const [one, two] = [await keep(store, key), await keep(store, other)]
      await store.put(key, two.bytes, two.properties)
      await store.put(other, one.bytes, one.properties)
    },
  },
  {
    name: 'an old version',
    found: 'stale',
    async harm({ store, older }, key) {
      const { bytes, properties } = older.get(key)!
      await store.put(key, bytes, properties)
    },
  },
  {
    name: 'deleted',
    found: 'missing',
    async harm({ store }, key) {
      await store.delete(key)
    },
  },
  {
    name: 'other metadata',
    found: 'metadata',
    harm: ({ store }, key) =>
      rewrite(store, key, ({ bytes, properties }) => ({
        bytes,
        properties: { ...properties, metadata: { ...properties.metadata, colour: 'blue' } },
      })),
  },
  {
    name: 'other parts',
    found: undefined,
    harm: ({ reparted }, key) => rewrite(reparted, key, (kept) => kept),
  },
  {
    name: 'untouched',
    found: undefined,
    harm: async () => undefined,
  },
]

/** Of stored bytes, where only whoever reads them can know. */
export const ROT: Damage = {
  name: 'rotten',
  found: 'corrupt',
  harm: async ({ rot }, key) => rot!(key, 11),
}
