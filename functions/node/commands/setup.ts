// `setup`: makes buckets fit for what the configuration asks of them. It shows the difference and changes
// nothing until told to with --apply; then it looks again, and shows what it found.

import { styleText } from 'node:util'
import type { StoreConfig } from '#shared/config/config.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Setup } from '#shared/storage/schema.ts'
import type { StoreSetup } from '#shared/storage/setup.ts'
import type { SetupStep } from '#shared/storage/setup-step.ts'
import { formatCount, printable } from '../terminal/format.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'

type State = SetupStep['state'] | 'changed' | 'failed'

type Shown = Omit<SetupStep, 'state' | 'apply'> & { state: State }

interface StorePage {
  store: string
  uri: string
  steps: Shown[]
  /** Why there was no look at the store at all. */
  problem?: string
}

export const setup: CommandRow = {
  name: 'setup',
  parameters: '[stores...]',
  summary: 'Make buckets fit: CORS, encryption, versioning, lifecycle, notifications',
  about:
    "Reads each bucket and shows what its store's setup in the configuration would change; with --apply changes it. Only rules that Skein has made itself, named skein-*, are changed or removed; where a rule of yours overlaps, that part is refused. What only an administrator can do is printed as commands. Where a provider's rules have no names, a header x-skein-* or a bucket's label skein-* marks Skein's own.",
  options: [{ flags: '--apply', summary: 'make the changes' }],
  examples: [
    ['skein setup', 'what would change, in every store that has a setup'],
    ['skein setup photos --apply', 'change it'],
  ],
  async run(context, names, options) {
    const apply = options.flag('apply')
    const pages: StorePage[] = []
    for (const store of await chosen(context, names)) {
      pages.push(await setUp(context, store, apply))
    }
    context.out.answer({ applied: apply, stores: pages }, () => report(pages, apply))
    if (pages.some(isUnfit)) context.failed()
  },
}

type Configured = StoreConfig & { setup: Setup }

async function chosen(context: Context, names: readonly string[]): Promise<Configured[]> {
  const { stores, source } = await context.config()
  const known = [...stores.keys()].join(', ')
  for (const name of names) {
    if (!stores.has(name)) {
      throw new UsageError(
        `There is no store "${name}" in the configuration ${source}; it has ${known}.`,
      )
    }
  }
  const some = names.length > 0 ? names.map((name) => stores.get(name)!) : [...stores.values()]
  const configured = some.filter((store): store is Configured => store.setup !== undefined)
  const without = some.filter((store) => store.setup === undefined).map(({ name }) => name)
  if (without.length > 0 && (names.length > 0 || configured.length === 0)) {
    context.out.remark(
      `${without.join(', ')}: nothing to set up; say what is wanted under stores.NAME.setup in ${source}`,
    )
  }
  return configured
}

async function setUp(context: Context, store: Configured, apply: boolean): Promise<StorePage> {
  const { openSetup } = await import('#shared/storage/setup.ts')
  const { platform, signal } = context
  const opened = openSetup(store.uri, platform, store.options, { signal })
  try {
    const planned = await opened.plan(store.setup)
    const steps = apply
      ? await carryOut(opened, planned, store.setup)
      : planned.map((step) => show(step, step.state))
    return { store: store.name, uri: store.uri, steps }
  } catch (error) {
    // What was done to the other stores shall still be told.
    if (!(error instanceof StorageError)) throw error
    return { store: store.name, uri: store.uri, steps: [], problem: error.message }
  } finally {
    await opened.close()
  }
}

function show(step: SetupStep, state: State): Shown {
  const { what, difference, reason, commands } = step
  return { what, state, difference, reason, commands }
}

/** Carries out each change, and looks again: what is still to change then has not been changed. */
async function carryOut(
  opened: StoreSetup,
  planned: readonly SetupStep[],
  wanted: Setup,
): Promise<Shown[]> {
  const failures = new Map<SetupStep, string>()
  for (const step of planned) {
    try {
      await step.apply?.()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      failures.set(step, error.message)
    }
  }
  const doubt = await lookAgain(opened, wanted)
  return planned.map((step) => {
    const reason = failures.get(step) ?? (step.state === 'change' ? doubt(step) : undefined)
    if (reason !== undefined) return { ...show(step, 'failed'), reason }
    return show(step, step.state === 'change' ? 'changed' : step.state)
  })
}

/** Why a change that was sent cannot be relied on; undefined where it is seen to be there. */
async function lookAgain(
  opened: StoreSetup,
  wanted: Setup,
): Promise<(step: SetupStep) => string | undefined> {
  try {
    const again = await opened.plan(wanted)
    const pending = new Set(again.filter(({ state }) => state === 'change').map(({ what }) => what))
    return ({ what }) =>
      pending.has(what) ? 'the provider took the change and does not show it' : undefined
  } catch (error) {
    // What was sent shall be told all the same.
    if (!(error instanceof StorageError)) throw error
    return () => `the provider took the change and cannot be asked about it: ${error.message}`
  }
}

function isBad(state: State): boolean {
  return state === 'refused' || state === 'failed'
}

function isUnfit({ steps, problem }: StorePage): boolean {
  return problem !== undefined || steps.some(({ state }) => isBad(state))
}

const STATE_TEXTS: Record<State, string> = {
  fit: 'fit',
  change: 'would change',
  changed: 'changed',
  command: 'for an administrator',
  refused: 'refused',
  failed: 'failed',
}

function report(pages: readonly StorePage[], apply: boolean): string {
  const blocks = pages.map(({ store, uri, steps, problem }) => {
    const head = `${styleText('bold', printable(store))}  ${printable(uri.split('?', 1)[0]!)}`
    const failure = problem === undefined ? [] : [`  ${styleText('red', printable(problem))}`]
    const width = Math.max(10, ...steps.map(({ what }) => what.length))
    const lines = steps.flatMap((step) => stepLines(step, width))
    return [head, ...lines, ...failure].join('\n')
  })
  const changes = pages.flatMap(({ steps }) => steps).filter(({ state }) => state === 'change')
  if (apply || changes.length === 0) return blocks.join('\n\n')
  const count =
    changes.length === 1 ? 'One change waits' : `${formatCount(changes.length)} changes wait`
  return [...blocks, `${count} for --apply; nothing was changed.`].join('\n\n')
}

function stepLines(
  { what, state, difference, reason, commands = [] }: Shown,
  width: number,
): string[] {
  const why = reason === undefined ? '' : `: ${printable(reason)}`
  const text = isBad(state) ? styleText('red', STATE_TEXTS[state]) : STATE_TEXTS[state]
  return [
    `  ${what.padEnd(width)}  ${text}${why}`,
    ...difference.removed.map((line) => styleText('red', `    - ${printable(line)}`)),
    ...difference.added.map((line) => styleText('green', `    + ${printable(line)}`)),
    ...commands.map((line) => `    ${printable(line)}`),
  ]
}
