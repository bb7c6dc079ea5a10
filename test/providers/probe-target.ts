// Stores under the probe: opened from the same descriptions as the conformance suite's, at one place, and
// looked at afterwards for what a probe must not leave.

import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Finding, ProbeTarget } from '#shared/storage/probe.ts'
import { isDifference } from '#shared/storage/probe.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { freshPlace } from '../suites/storage/harness.ts'

const QUICK = { attempts: 3, delaySeconds: 0.01, maxDelaySeconds: 0.05 }

export function targetOf(description: StoreDescription): ProbeTarget {
  const { name, storeName, uri, env = {}, fileSystem = false, options, row: id } = description
  const place = freshPlace()
  const row = PROVIDERS.find((one) => one.id === id)
  return {
    uri: uri.replaceAll('{place}', place),
    platform: { env, fileSystem, now: Date.now },
    options: { name: storeName?.replaceAll('{place}', place) ?? name, retry: QUICK, ...options },
    ...(row && { rows: [row] }),
  }
}

/** Found otherwise than recorded: the cell, and what was found. */
export function differences(findings: readonly Finding[]): Record<string, Finding['found']> {
  return Object.fromEntries(findings.filter(isDifference).map(({ cell, found }) => [cell, found]))
}

/** Cells that could not be found out, with the reasons. */
export function unknowns(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(
    findings.filter(({ found }) => found === null).map(({ cell, how }) => [cell, how]),
  )
}

/** What is left of any probe: objects, versions, unfinished uploads. */
export async function tracesIn({ uri, platform, options, rows }: ProbeTarget): Promise<string[]> {
  const store = openStore(uri, platform, options, rows).reserved()
  const { versions, multipart } = store.capabilities
  const prefix = '.skein/probe-'
  const traces: string[] = []
  for await (const { key } of store.listAll({ prefix })) traces.push(`object ${key}`)
  if (versions) {
    const page = await store.groups.versions.list({ prefix })
    traces.push(...page.versions.map(({ key }) => `version of ${key}`))
  }
  if (multipart?.listUploads) {
    const page = await store.groups.multipart.listUploads({ prefix })
    traces.push(...page.uploads.map(({ key }) => `upload of ${key}`))
  }
  await store.close()
  return traces
}
