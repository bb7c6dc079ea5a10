// What a cold start loads, by the bundler's own account: the API and the signers, and no SDK.

import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadedAtOnce, packagesIn } from '../../functions/bundle.ts'
import { TARGET_NAMES } from '../../functions/build.ts'
import { buildAside } from './built.ts'

/** All the packages that an entry may load before its first line runs. */
const AT_ONCE: Record<string, readonly string[]> = {
  'server.mjs': ['hono'],
  'cli.mjs': ['commander'],
  'digest-thread.mjs': [],
  'api.mjs': ['hono'],
  'consumer.mjs': ['hono'],
  'schedule.mjs': ['hono'],
  'index.mjs': ['@azure/functions', '@azure/functions-extensions-base', 'cookie', 'hono'],
  'front.js': ['hono'],
  'behind.js': ['hono'],
}

const SDKS = ['@aws-sdk/client-s3', '@azure/storage-blob']

describe.each(TARGET_NAMES)('%s', async (name) => {
  const { outputs, entries } = await buildAside(name)

  it.each(entries.map((entry) => [basename(entry), entry]))(
    '%s starts without an SDK',
    (file, entry) => {
      const packages = packagesIn(outputs, loadedAtOnce(outputs, entry))
      expect([...packages].toSorted()).toEqual(AT_ONCE[file])
    },
  )

  it('has the SDKs for `skein setup` alone, and where that is', () => {
    const packages = packagesIn(outputs, Object.keys(outputs))
    expect(SDKS.filter((sdk) => packages.has(sdk))).toEqual(name === 'node' ? SDKS : [])
  })
})
