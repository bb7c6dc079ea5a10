// A target built as it is deployed, in a folder of its own that no node_modules is near: what the bundle
// forgot to take along is missing there.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Bundle } from '../../functions/bundle.ts'
import { buildTarget } from '../../functions/build.ts'

const folders: string[] = []
afterAll(async () => {
  await Promise.all(folders.splice(0).map((one) => rm(one, { recursive: true, force: true })))
})

/** A folder that is removed when the tests of this file are done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-target-'))
  folders.push(folder)
  return folder
}

export async function buildAside(name: string): Promise<Bundle> {
  return buildTarget(name, join(await scratchFolder(), 'dist', name))
}
