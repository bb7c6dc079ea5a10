// The runtime probe: what an endpoint really does, found out by doing it, beside what the record says of it.
// Proof is by effect: a server that ignores a condition answers 200, so what is stored afterwards decides.
// It opens the store under a record that denies nothing, works in a place of its own, and leaves no trace.

import type { Platform } from '#shared/platform.ts'
import type { Capabilities } from './capabilities.ts'
import type { ProviderRow } from './compatibility.ts'
import { StorageError } from './errors.ts'
import { openStore } from './open.ts'
import type { StoreOptions } from './options.ts'
import type { Check, Checked } from './probe/checks.ts'
import { checkStore, unreachable } from './probe/checks.ts'
import { probeCopies } from './probe/copies.ts'
import type { Finding } from './probe/finding.ts'
import { isDifference } from './probe/finding.ts'
import type { Client } from './probe/ground.ts'
import { Ground } from './probe/ground.ts'
import { probeMarks } from './probe/marks.ts'
import { optimistic } from './probe/optimism.ts'
import { probeParts } from './probe/parts.ts'
import type { Setting } from './probe/record.ts'
import { foundRecord, settingsBetween } from './probe/record.ts'
import { probeSigning } from './probe/signing.ts'
import { probeWrites } from './probe/writes.ts'
import type { Store } from './store.ts'

export type { Check, Finding, Setting }
export { isDifference }

export interface ProbeTarget {
  uri: string
  platform: Platform
  options?: StoreOptions
  rows?: readonly ProviderRow[]
}

export interface Probed {
  findings: Finding[]
  /** The record with what was found in place of what was recorded. */
  capabilities: Capabilities
  /** What differs, as settings below the store's `capabilities`. */
  settings: Setting[]
  /** What could not be removed again, in a sentence. */
  leftover?: string
}

/** No single try of a probe is worth the patience of a transfer. */
const ATTEMPTS = 2

const SECTIONS = [probeWrites, probeCopies, probeMarks, probeParts, probeSigning]

/** Cheap: a few small requests. */
export async function testStore(
  target: ProbeTarget,
  client: Partial<Client> = {},
): Promise<Checked> {
  const { uri, platform, options, rows } = target
  let store: Store | undefined
  try {
    store = openStore(uri, platform, options, rows)
    return await checkStore(store, clientOf(client))
  } catch (error) {
    // A fault of the address or the keys, seen before any request.
    if (!(error instanceof StorageError)) throw error
    return unreachable(error.message)
  } finally {
    await store?.close()
  }
}

/** Up to two hundred small requests, and 11 MiB of upload. */
export async function probeStore(
  target: ProbeTarget,
  client: Partial<Client> = {},
): Promise<Probed> {
  const { uri, platform, options = {}, rows } = target
  const recorded = openStore(uri, platform, options, rows).capabilities
  const retry = {
    ...options.retry,
    attempts: Math.min(options.retry?.attempts ?? ATTEMPTS, ATTEMPTS),
  }
  const daring = { ...options, retry, capabilities: optimistic(recorded) }
  const store = openStore(uri, platform, daring, rows)
  const ground = new Ground(store, recorded, clientOf(client))
  const findings: Finding[] = []
  let leftover: string | undefined
  try {
    for (const section of SECTIONS) findings.push(...(await section(ground)))
  } finally {
    leftover = await ground.leave()
  }
  const capabilities = foundRecord(recorded, findings)
  const settings = settingsBetween(recorded, capabilities)
  return { findings, capabilities, settings, ...(leftover !== undefined && { leftover }) }
}

function clientOf({ fetch = globalThis.fetch, signal }: Partial<Client>): Client {
  return { fetch, signal: signal ?? new AbortController().signal }
}
