// The local process as a platform: its environment, its clock, and folders that are real. A secret for
// signing the URLs of folder stores is made at the first need and kept beside the data, readable by its
// owner alone, so that the server and the command line agree without anybody setting anything.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#shared/config/config.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'

const STATE_FOLDER = '.skein'

export function localPlatform(env: NodeJS.ProcessEnv = process.env): Platform {
  let secret = env['SKEIN_SIGNING_SECRET']
  const withSecret = Object.defineProperty({ ...env }, 'SKEIN_SIGNING_SECRET', {
    get: () => (secret ??= localSecret()),
    enumerable: false,
  })
  return { env: withSecret, fileSystem: true, now: Date.now, log: console.error }
}

function localSecret(): string {
  const path = join(STATE_FOLDER, 'signing-secret')
  if (!existsSync(path)) {
    mkdirSync(STATE_FOLDER, { recursive: true })
    // Linked once it is whole: nobody, now or after a crash, reads a part of it.
    const partial = `${path}.${process.pid}`
    writeFileSync(partial, randomBytes(32).toString('base64url'), { mode: 0o600 })
    try {
      linkSync(partial, path)
    } catch (error) {
      // Another process was first: its secret is ours.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(partial)
    }
  }
  return readFileSync(path, 'utf8').trim()
}

export async function localConfig(platform: Platform, path?: string): Promise<Config> {
  return findConfig(platform, readIfThere, path)
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
