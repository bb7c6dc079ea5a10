#!/usr/bin/env node
// The command line, `skein`. It parses, runs one command's row, and turns what went wrong into one sentence
// and an exit code that scripts can use; a stack trace is shown only to those who ask with SKEIN_DEBUG.

import { Command, CommanderError, Option } from 'commander'
import { ConfigError } from '#shared/config/problems.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { CommandRow } from './commands/command.ts'
import { UsageError, readOptions } from './commands/command.ts'
import { COMMANDS } from './commands/rows.ts'
import { localConfig, localPlatform } from './platform.ts'
import type { Streams } from './terminal/output.ts'
import { createOutput } from './terminal/output.ts'

const EXIT = {
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unavailable: 5,
  refused: 6,
  interrupted: 130,
}

const EXIT_BY_KIND: Record<ErrorKind, number> = {
  'not-found': EXIT.notFound,
  exists: EXIT.refused,
  precondition: EXIT.refused,
  denied: EXIT.denied,
  unauthenticated: EXIT.denied,
  invalid: EXIT.usage,
  'too-large': EXIT.refused,
  unsupported: EXIT.refused,
  throttled: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  corrupt: EXIT.failed,
  internal: EXIT.failed,
}

const ABOUT = `Keeps files in several clouds.

A location is STORE:KEY, with a store of the configuration, or a URI such as
s3://bucket/key?region=eu-west-1, gs://bucket/key, az://account/container/key, file:./folder.

The configuration is --config FILE, else SKEIN_CONFIG, else skein.yaml here, else three folders in ./skein-data.`

const EXIT_TEXT = `
Exit codes: 0 done, 1 failed, 2 the call or the configuration is wrong, 3 not found,
4 not allowed, 5 no answer or slow down (try again), 6 refused, 130 interrupted.`

/** What a command line runs in: the process, unless a test looks on. */
export interface World extends Streams {
  env: NodeJS.ProcessEnv
}

interface Run {
  world: World
  signal: AbortSignal
  failed: boolean
}

function buildProgram(run: Run): Command {
  const program = new Command('skein')
    .description(ABOUT)
    .addHelpText('after', EXIT_TEXT)
    .option('--config <file>', 'the configuration file')
    .option('--json', 'answer in JSON')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => run.world.stdout.write(text),
      writeErr: (text) => run.world.stderr.write(text),
      outputError: () => undefined,
    })
    .showSuggestionAfterError(true)
  for (const row of COMMANDS) addCommand(program, row, run)
  return program
}

function addCommand(program: Command, row: CommandRow, run: Run): void {
  const steps = row.name.split(' ')
  const word = steps.pop()!
  let parent = program
  for (const step of steps) parent = group(parent, step)
  const command = parent
    .command([word, row.parameters].filter(Boolean).join(' '))
    .summary(row.summary)
    .description([row.summary, row.about].filter(Boolean).join('.\n\n'))
    .option('--json', 'answer in JSON')
    .option('--config <file>', 'the configuration file')
  for (const option of row.options ?? [])
    command.addOption(toOption(option.flags, option.summary, option.many))
  const width = Math.max(0, ...(row.examples ?? []).map(([line]) => line.length))
  const examples = (row.examples ?? []).map(([line, what]) => `  ${line.padEnd(width)}  ${what}`)
  if (examples.length > 0) command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  command.action(async (...given: unknown[]) => {
    const parameters = given
      .slice(0, -2)
      .flat()
      .filter((one) => one !== undefined)
    await runRow(row, parameters.map(String), command.optsWithGlobals(), run)
  })
}

function group(parent: Command, word: string): Command {
  const found = parent.commands.find((command) => command.name() === word)
  return found ?? parent.command(word).description(`commands about the ${word}`)
}

function toOption(flags: string, summary: string, many = false): Option {
  const option = new Option(flags, summary)
  if (many)
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  return option
}

async function runRow(
  row: CommandRow,
  parameters: readonly string[],
  given: Readonly<Record<string, unknown>>,
  run: Run,
): Promise<void> {
  const { world, signal } = run
  const platform = localPlatform(world.env)
  const options = readOptions(given)
  const configPath = options.text('config')
  let config: ReturnType<typeof localConfig> | undefined
  const context = {
    platform,
    configPath,
    config: () => (config ??= localConfig(platform, configPath)),
    out: createOutput(options.flag('json'), world),
    failed: () => (run.failed = true),
    signal,
  }
  await row.run(context, parameters, options)
}

export async function main(argv: readonly string[], world: World = process): Promise<number> {
  const interrupt = new AbortController()
  const onInterrupt = () => interrupt.abort(new Error('interrupted'))
  process.once('SIGINT', onInterrupt)
  const run: Run = { world, signal: interrupt.signal, failed: false }
  try {
    await buildProgram(run).parseAsync(argv, { from: 'user' })
    return run.failed ? EXIT.failed : 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (interrupt.signal.aborted) return EXIT.interrupted
    const { code, kind, message } = explain(error)
    const shown = argv.includes('--json')
      ? JSON.stringify({ error: { kind, message } })
      : `skein: ${message}`
    world.stderr.write(`${shown}\n`)
    if (world.env['SKEIN_DEBUG']) console.error(error)
    return code
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function explain(error: unknown): { code: number; kind: string; message: string } {
  if (error instanceof StorageError) {
    return { code: EXIT_BY_KIND[error.kind], kind: error.kind, message: error.message }
  }
  if (error instanceof UsageError)
    return { code: EXIT.usage, kind: 'usage', message: error.message }
  if (error instanceof ConfigError)
    return { code: EXIT.usage, kind: 'config', message: error.message }
  if (error instanceof CommanderError) {
    const message = error.message
      .replace(/^error: /, '')
      .replace(/^\(outputHelp\)$/, 'a command is missing')
    return { code: EXIT.usage, kind: 'usage', message: `${message}; see skein --help.` }
  }
  return {
    code: EXIT.failed,
    kind: 'internal',
    message: error instanceof Error ? error.message : String(error),
  }
}

if (import.meta.main) {
  // Whoever reads us may have had enough, as `head` has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : EXIT.failed)
  })
  // Warnings of libraries are for those who work on Skein, not for those who use it.
  if (!process.env['SKEIN_DEBUG']) process.removeAllListeners('warning')
  process.exitCode = await main(process.argv.slice(2))
}
