// Two stores to copy between, with what the tests of faults need of them: the control planes of their servers,
// and counts of what was asked of these.

import { inject } from 'vitest'
import { copyObject } from '#shared/copy/copy.ts'
import type { Copied, CopyJob } from '#shared/copy/job.ts'
import type { Store } from '#shared/storage/store.ts'
import { readAll } from '../suites/storage/content.ts'
import type { Control } from '../suites/storage/control.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { gcsStore, s3Store } from './stores.ts'

export interface End {
  store: Store
  control: Control
  /** Changes stored bytes, and nothing that is known of them. */
  corrupt: (key: string, flipByteAt: number) => Promise<void>
  /** How often each operation was asked for, on this key alone where one is given. */
  asked: (key?: string) => Promise<Record<string, number>>
}

export interface Ends {
  from: End
  to: End
  copy: (key: string, options?: Partial<CopyJob>) => Promise<Copied>
}

const MAKE = { s3: s3Store, gcs: gcsStore }

export async function openEnds(a: keyof typeof MAKE, b: keyof typeof MAKE): Promise<Ends> {
  const servers = inject('servers')
  const from = openEnd(await MAKE[a](servers, 'the source'))
  const to = openEnd(await MAKE[b](servers, 'the destination'))
  const base = { from: from.store, to: to.store, mode: 'overwrite', through: 'here' } as const
  return { from, to, copy: (key, options) => copyObject({ ...base, key, ...options }) }
}

export function openEnd(description: StoreDescription): End {
  const harness = createHarness(description, { fetch })
  const store = harness.open()
  const control = harness.control!
  const { url, bucket } = description.control!
  return {
    store,
    control,
    async corrupt(key, flipByteAt) {
      const body = JSON.stringify({ bucket, key: store.fullKey(key), flipByteAt })
      const answer = await fetch(`${url}/__control/corrupt`, { method: 'POST', body })
      if (!answer.ok) throw new Error(await answer.text())
    },
    async asked(key) {
      const counts: Record<string, number> = {}
      for (const request of await control.requests()) {
        if (key !== undefined && request.key !== store.fullKey(key)) continue
        counts[request.operation] = (counts[request.operation] ?? 0) + 1
      }
      return counts
    },
  }
}

/** The same store, which does something else right before its nth answer of that kind. */
export function actingBefore(
  store: Store,
  operation: 'get' | 'head' | 'copy',
  nth: number,
  act: () => Promise<unknown>,
): Store {
  const held = store.reserved()
  const call: Store['call'] = held.call.bind(held)
  let asked = 0
  held.call = async (options, run) => {
    if (options.operation === operation && ++asked === nth) await act()
    return call(options, run)
  }
  return held
}

export async function bytesAt(store: Store, key: string): Promise<Uint8Array> {
  return readAll((await store.get(key)).body)
}
