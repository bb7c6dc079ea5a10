// `config show`, `config set`, `config test`: the configuration, without its secrets; one setting of it; and
// whether the stores are as it says.

import { rename, writeFile } from 'node:fs/promises'
import { readConfig } from '#shared/config/config.ts'
import { editConfig } from '#shared/config/edit.ts'
import { FILE_NAMES } from '#shared/config/find.ts'
import { redact } from '#shared/config/redact.ts'
import { readIfThere } from '../platform.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'

export const configShow: CommandRow = {
  name: 'config show',
  summary: 'Show the configuration in force; secrets are left out',
  async run(context) {
    const config = await context.config()
    const shown = redact({
      source: config.source,
      stores: Object.fromEntries(
        [...config.stores].map(([name, { uri, options, setup }]) => [
          name,
          prune({ uri, ...options, name: undefined, setup }),
        ]),
      ),
      workspaces: Object.fromEntries(config.workspaces),
      server: config.server,
    })
    const { stringify } = await import('yaml')
    context.out.answer(shown, () => stringify(shown).trimEnd())
  },
}

/** Without what nobody set. */
function prune(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, prune(inner)] as const)
    .filter(([, inner]) => inner !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

export const configSet: CommandRow = {
  name: 'config set',
  parameters: '<path> <value>',
  summary: 'Change one setting of the configuration file',
  about:
    'The value is read as YAML. Comments stay. Nothing is written unless the whole configuration is right afterwards. Without a file, skein.yaml is begun.',
  examples: [
    ['skein config set stores.photos s3://photos?region=eu-west-1', 'a store'],
    ['skein config set stores.photos.transfer.concurrency 8', 'a knob'],
  ],
  async run(context, [path = '', value = '']) {
    const { file, text } = await configFile(context)
    const edited = await editConfig(text, file, path, value)
    readConfig(edited.data, file, context.platform)
    const partial = `${file}.skein-${process.pid}`
    await writeFile(partial, edited.text)
    await rename(partial, file)
    context.out.answer({ file, path }, () => `${file}: ${path} is set`)
  },
}

async function configFile(context: Context): Promise<{ file: string; text: string }> {
  const given = context.configPath ?? context.platform.env['SKEIN_CONFIG']
  if (given !== undefined && (given.trimStart().startsWith('{') || given.includes('\n'))) {
    throw new UsageError(
      'The configuration is held in the variable SKEIN_CONFIG, which no command can change.',
    )
  }
  for (const file of given === undefined ? FILE_NAMES : [given]) {
    const text = await readIfThere(file)
    if (text !== undefined) return { file, text }
  }
  const file = given ?? FILE_NAMES[0]
  return { file, text: '' }
}
