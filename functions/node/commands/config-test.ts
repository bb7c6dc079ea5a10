// `config test`: are the stores as the configuration says; and with a probe, is the record of what each can do
// as the server really does, which can be written down as that store's override.

import type { Config } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import { setInConfig } from '#shared/config/edit.ts'
import type { Platform } from '#shared/platform.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import type { Check, ProbeTarget, Probed } from '#shared/storage/probe.ts'
import { probeStore, testStore } from '#shared/storage/probe.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'
import { changeConfig } from './config-file.ts'
import { configTestPage } from './config-test-page.ts'

interface Target extends ProbeTarget {
  name: string
  /** Stands in the configuration, and so can have an override. */
  configured: boolean
}

/** What was found of one store. */
export interface StoreResult {
  store: string
  checks: Check[]
  probe?: ProbeResult
  /** What could not be removed again. */
  leftover?: string
}

export type ProbeResult = Pick<Probed, 'findings' | 'settings'> & {
  /** What is done where the provider cannot. */
  instead: string | undefined
}

export const configTest: CommandRow = {
  name: 'config test',
  parameters: '[stores...]',
  summary: 'Do the stores work as the configuration says',
  about:
    'Lists, writes, reads, signs for and deletes two tiny objects of its own under .skein/. With --probe also finds out what the server really does (conditions, digests, parts, signed requests, tags, versions) and compares it with the record: up to two hundred small requests and 11 MiB of upload for each store. Everything is deleted again, versions included.',
  options: [
    { flags: '--probe', summary: 'compare the record of what a store can do with its server' },
    { flags: '--write', summary: 'with --probe: write what differs to the configuration file' },
  ],
  examples: [
    ['skein config test', 'every store of the configuration'],
    ['skein config test photos --probe', 'what photos really does'],
    ['skein config test photos --probe --write', 'and keep it as its override'],
  ],
  async run(context, names, options) {
    const [probing, writing] = [options.flag('probe'), options.flag('write')]
    if (writing && !probing) {
      throw new UsageError('--write keeps what a probe finds: give --probe with it.')
    }
    const targets = chosen(await context.config(), names, context.platform)
    if (writing) refuseForeign(targets)
    const results: StoreResult[] = []
    for (const target of targets) results.push(await examine(target, probing, context))
    const written = writing ? await write(results, context) : undefined
    const answer = { stores: results, ...(written !== undefined && { written }) }
    context.out.answer(answer, () => configTestPage(results, probing, written))
    for (const { leftover } of results) if (leftover !== undefined) context.out.remark(leftover)
    if (results.some(hasFailed)) context.failed()
  },
}

function chosen(config: Config, names: readonly string[], platform: Platform): Target[] {
  const texts = names.length > 0 ? names : [...config.stores.keys()]
  return texts.map((text) => {
    const known = config.stores.get(text.replace(/:$/, ''))
    if (known !== undefined) return { ...known, platform, configured: true }
    // Refuses a word that names no store, with those that there are.
    if (!text.includes(':')) openConfigured(config, text, platform)
    return { name: text, uri: text, platform, configured: false }
  })
}

function refuseForeign(targets: readonly Target[]): void {
  const foreign = targets.find(({ configured }) => !configured)
  if (foreign === undefined) return
  throw new UsageError(
    `--write keeps an override in the configuration, which has no store "${foreign.name}"; add it with skein config set.`,
  )
}

async function examine(
  target: Target,
  probing: boolean,
  { signal }: Context,
): Promise<StoreResult> {
  const tested = await testStore(target, { signal })
  const result = { store: target.name, ...tested }
  if (!probing || !isUsable(tested.checks)) return result
  const { findings, settings, leftover } = await probeStore(target, { signal })
  const { instead } = parseStoreUri(target.uri).row
  return {
    ...result,
    probe: { findings, settings, instead },
    ...(leftover !== undefined && { leftover }),
  }
}

/** What a probe cannot do without: to write, to look, and to clean up. */
function isUsable(checks: readonly Check[]): boolean {
  return (['write', 'read', 'delete'] as const).every((name) =>
    checks.some(({ check, outcome }) => check === name && outcome === 'ok'),
  )
}

function hasFailed({ checks, leftover }: StoreResult): boolean {
  return leftover !== undefined || checks.some(({ outcome }) => outcome === 'failed')
}

/** All that differs, of all stores, in one change of the file. */
async function write(
  results: readonly StoreResult[],
  context: Context,
): Promise<string | undefined> {
  const edits = results.flatMap(({ store, probe }) =>
    (probe?.settings ?? []).map(({ path, value }) => ({
      path: ['stores', store, 'capabilities', ...path],
      value,
    })),
  )
  if (edits.length === 0) return undefined
  return changeConfig(context, (text, source) => {
    if (text === '') throw noFile(source)
    return setInConfig(text, source, edits)
  })
}

function noFile(source: string): UsageError {
  return new UsageError(
    `There is no ${source} to keep an override in; begin it with skein config set stores.NAME URI.`,
  )
}
