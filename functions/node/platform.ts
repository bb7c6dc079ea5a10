// The local process as a platform: its environment, its clock, and folders that are real. Secrets that nobody
// has set are made at the first need and kept beside the data, readable by their owner alone, so that the
// server and the command line agree without anybody setting anything.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '#shared/config/config.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'
import { startInThread } from './digest-threads.ts'
import { Answer } from './http/answer.ts'

export const STATE_FOLDER = '.skein'

/** Variables that are files of the state folder where nobody has set them. */
const KEPT = { SKEIN_SIGNING_SECRET: 'signing-secret', SKEIN_SECRET: 'secret' } as const

export function localPlatform(env: NodeJS.ProcessEnv = process.env): Platform {
  const withSecrets = { ...env }
  for (const [name, file] of Object.entries(KEPT)) {
    let value = env[name] || undefined
    const get = () => (value ??= keptSecret(file))
    Object.defineProperty(withSecrets, name, { get, enumerable: false })
  }
  return {
    env: withSecrets,
    fileSystem: true,
    readFile: readIfThere,
    answer: (body, init) => new Answer(body, init),
    startInThread,
    now: Date.now,
    log: console.error,
  }
}

/** The same environment with one variable more, and its secrets still unread. */
export function withVariable(env: Platform['env'], name: string, value: string): Platform['env'] {
  return Object.create(env, { [name]: { value, enumerable: true } }) as Platform['env']
}

/** Of this folder, made when it is first asked for. */
export function keptSecret(
  file: string,
  make = () => randomBytes(32).toString('base64url'),
): string {
  const path = join(STATE_FOLDER, file)
  if (!existsSync(path)) {
    mkdirSync(STATE_FOLDER, { recursive: true, mode: 0o700 })
    // Linked once it is whole: nobody, now or after a crash, reads a part of it.
    const partial = `${path}.${process.pid}`
    writeFileSync(partial, make(), { mode: 0o600 })
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
