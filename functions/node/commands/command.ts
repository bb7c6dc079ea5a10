// What a command is: a row that says how it is called and what it does. Help, completion and the parser are
// all made from the rows, so they cannot tell different stories.

import type { Config } from '#shared/config/config.ts'
import type { Platform } from '#shared/platform.ts'
import type { Output } from '../terminal/output.ts'

export interface OptionRow {
  /** As commander reads it: `-r, --recursive` or `--type <type>`. */
  flags: string
  summary: string
  /** May be given more than once. */
  many?: boolean
}

/** What was given, by the option's name in camel case. */
export interface Options {
  flag(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[] | undefined
}

export function readOptions(given: Readonly<Record<string, unknown>>): Options {
  return {
    flag: (name) => given[name] === true,
    text: (name) => (typeof given[name] === 'string' ? given[name] : undefined),
    texts: (name) => (Array.isArray(given[name]) ? given[name].map(String) : undefined),
  }
}

export interface CommandRow {
  /** With its group before it: `config show`. */
  name: string
  /** As commander reads them: `<file> [target]`, `<targets...>`. */
  parameters?: string
  summary: string
  /** Teaches: what it does, what it leaves alone. */
  about?: string
  options?: readonly OptionRow[]
  examples?: readonly (readonly [line: string, what: string])[]
  /** `parameters` as given, in order, a last one that may be many included. */
  run(context: Context, parameters: readonly string[], options: Options): Promise<void>
}

export interface Context {
  platform: Platform
  /** Where `--config` pointed, if it did. */
  configPath: string | undefined
  config(): Promise<Config>
  out: Output
  /** The answer is given, and yet something failed: the exit code will be 1. */
  failed(): void
  signal: AbortSignal
}

/** A call that cannot be right: the sentence is for people, the exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
