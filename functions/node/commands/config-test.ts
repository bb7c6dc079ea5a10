// `config test`: are the stores as the configuration says; and with a probe, is the record of what each can do
// as the server really does, which can be written down as that store's override.

import type { Config } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/config.ts'
import { setInConfig } from '#shared/config/edit.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Check, Finding, ProbeTarget, Probed } from '#shared/storage/probe.ts'
import { isDifference, probeStore, testStore } from '#shared/storage/probe.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'
import { changeConfig } from './config-file.ts'

interface Target extends ProbeTarget {
  name: string
  /** Stands in the configuration, and so can have an override. */
  configured: boolean
}

interface Result {
  store: string
  checks: Check[]
  probe?: ProbeResult | undefined
  leftover?: string | undefined
}

type ProbeResult = Pick<Probed, 'findings' | 'settings'> & {
  differences: Finding[]
  instead?: string | undefined
}

export const configTest: CommandRow = {
  name: 'config test',
  parameters: '[stores...]',
  summary: 'Do the stores work as the configuration says',
  about:
    'Lists, writes, reads, signs for and deletes two tiny objects of its own under .skein/. With --probe also finds out what the server really does (conditions, digests, parts, signed requests, tags, versions) and compares it with the record: about a hundred small requests and 11 MiB of upload for each store. Everything is deleted again, versions included.',
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
    const targets = chosen(await context.config(), names, context)
    if (writing) refuseUnwritable(targets)
    const results: Result[] = []
    for (const target of targets) results.push(await examine(target, probing, context))
    const written = writing ? await write(results, context) : undefined
    context.out.answer({ stores: results, written }, () => report(results, written))
    for (const { leftover } of results) if (leftover) context.out.remark(leftover)
    if (results.some(isFaulty)) context.failed()
  },
}

function chosen(config: Config, names: readonly string[], { platform }: Context): Target[] {
  if (names.length === 0) return chosen(config, [...config.stores.keys()], { platform } as Context)
  return names.map((text) => {
    const known = config.stores.get(text.replace(/:$/, ''))
    if (known !== undefined) return { ...known, platform, configured: true }
    // Refuses a name that is in no configuration, with those that are.
    if (!text.includes(':')) openConfigured(config, text, platform)
    return { name: text, uri: text, platform, configured: false }
  })
}

function refuseUnwritable(targets: readonly Target[]): void {
  const foreign = targets.find(({ configured }) => !configured)
  if (foreign === undefined) return
  throw new UsageError(
    `--write keeps an override in the configuration, which has no store "${foreign.name}"; add it with skein config set.`,
  )
}
