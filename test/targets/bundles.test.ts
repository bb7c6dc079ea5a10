// What a cold start loads, by the bundler's own account: the API and the signers, and no SDK.

import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadedAtOnce, packagesIn } from '../../functions/bundle.ts'
import { TARGET_NAMES } from '../../functions/build.ts'
import { buildAside } from './built.ts'

/** All the packages that an entry may load before its first line runs. */
const AT_ONCE: Record<string, readonly string[]> = {
  'server.mjs': ['@hono/node-server', 'hono', 'zod'],
  'cli.mjs': ['commander', 'zod'],
  'api.mjs': ['hono', 'zod'],
  'consumer.mjs': ['hono', 'zod'],
  'schedule.mjs': ['hono', 'zod'],
  'index.mjs': ['@azure/functions', '@azure/functions-extensions-base', 'cookie', 'hono', 'zod'],
  'worker.js': ['hono', 'zod'],
}

describe.each(TARGET_NAMES)('%s', async (name) => {
  const { outputs, entries } = await buildAside(name)

  it.each(entries.map((entry) => [basename(entry), entry]))(
    '%s starts without an SDK',
    (file, entry) => {
      const packages = packagesIn(outputs, loadedAtOnce(outputs, entry))
      expect([...packages].toSorted()).toEqual(AT_ONCE[file])
    },
  )

  it('has the SDKs in files that are loaded when they are needed', () => {
    const started = new Set(entries.flatMap((entry) => loadedAtOnce(outputs, entry)))
    const later = Object.keys(outputs).filter((file) => !started.has(file))
    const packages = [...packagesIn(outputs, later)]
    expect(packages).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', '@azure/storage-blob']))
  })
})
