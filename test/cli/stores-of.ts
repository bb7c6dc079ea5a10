// A command line whose configuration names stores on the run's own servers, with these stores opened beside it.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '#shared/storage/store.ts'
import type { Control } from '../suites/storage/control.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness, freshPlace } from '../suites/storage/harness.ts'
import type { Skein } from './skein.ts'
import { newSkein } from './skein.ts'

export interface End {
  store: Store
  control: Control
  /** How often each operation was asked for, beside Skein's own state. */
  asked: () => Promise<Record<string, number>>
}

export interface Configured<Name extends string> {
  skein: Skein
  ends: Record<Name, End>
}

/** Parts so small that a few hundred kilobytes are a large object. */
const TRANSFER = { partSize: '64KiB', multipartThreshold: '160KiB', concurrency: 2 }

export async function configured<Name extends string>(
  descriptions: Record<Name, StoreDescription>,
): Promise<Configured<Name>> {
  const skein = await newSkein()
  const stores: Record<string, unknown> = {}
  const ends = {} as Record<Name, End>
  for (const [name, description] of Object.entries(descriptions) as [Name, StoreDescription][]) {
    const place = freshPlace()
    const { credentials = {}, capabilities } = description.options ?? {}
    const { accessKeyId, secretAccessKey, credentialsJson, accountKey } = credentials
    const keys = { accessKeyId, secretAccessKey, credentialsJson, accountKey }
    const uri = description.uri.replaceAll('{place}', place)
    const retry = { attempts: 2, delay: '10ms', maxDelay: '20ms' }
    stores[name] = { uri, ...keys, capabilities, transfer: TRANSFER, retry }
    const harness = createHarness(description, { fetch })
    ends[name] = endOf(harness.open({ place }), harness.control)
  }
  await writeFile(join(skein.folder, 'skein.yaml'), JSON.stringify({ stores }))
  return { skein, ends }
}

function endOf(store: Store, control: Control | undefined): End {
  const none = () => Promise.reject(new Error(`${store.name} has no control plane`))
  return {
    store,
    control: control ?? { fault: none, clear: none, requests: none },
    async asked() {
      const counts: Record<string, number> = {}
      for (const { key, operation } of (await control?.requests()) ?? []) {
        if (key?.includes('.skein/')) continue
        counts[operation] = (counts[operation] ?? 0) + 1
      }
      return counts
    },
  }
}

/** Every key with its bytes as text. */
export async function contentOf({ store }: End): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for await (const { key } of store.listAll()) {
    content[key] = await new Response((await store.get(key)).body).text()
  }
  return content
}

export async function fill({ store }: End, content: Record<string, string>): Promise<void> {
  await Promise.all(Object.entries(content).map(([key, text]) => store.put(key, text)))
}
