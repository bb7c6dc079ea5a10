// Which text is the configuration: the variable SKEIN_CONFIG, which holds it or names its file, else
// skein.yaml, skein.yml or skein.json where the program runs, else the default: three folders.

import type { Platform } from '#shared/platform.ts'
import type { Config } from './config.ts'
import { DEFAULT_CONFIG, loadConfig, readConfig } from './config.ts'
import { ConfigError } from './problems.ts'

/** Reads a file where there are files; undefined when it is not there. */
export type ReadFile = (path: string) => Promise<string | undefined>

export const FILE_NAMES = ['skein.yaml', 'skein.yml', 'skein.json'] as const

export async function findConfig(
  platform: Platform,
  readFile?: ReadFile,
  path?: string,
): Promise<Config> {
  const given = path ?? (platform.env['SKEIN_CONFIG'] || undefined)
  if (given !== undefined && path === undefined && isText(given)) {
    return loadConfig(given, 'in SKEIN_CONFIG', platform)
  }
  if (given !== undefined) {
    const text = await readFile?.(given)
    if (text === undefined)
      throw new ConfigError(given, [{ path: [], message: 'there is no such file' }])
    return loadConfig(text, given, platform)
  }
  for (const name of FILE_NAMES) {
    const text = await readFile?.(name)
    if (text !== undefined) return loadConfig(text, name, platform)
  }
  if (readFile === undefined) {
    throw new ConfigError('in SKEIN_CONFIG', [{ path: [], message: 'the variable is not set' }])
  }
  return readConfig(DEFAULT_CONFIG, 'by default', platform)
}

/** The configuration itself, and not the name of its file. */
export function isText(value: string): boolean {
  return /^\s*(\{|(stores|workspaces|defaults|server)\s*:)/.test(value) || value.includes('\n')
}
