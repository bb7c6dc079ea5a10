// `config show` and `config set`: the configuration without its secrets, and one setting of it.

import { editConfig } from '#shared/config/edit.ts'
import { redact } from '#shared/config/redact.ts'
import type { CommandRow } from './command.ts'
import { changeConfig } from './config-file.ts'

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
    const { stringify } = await import('#shared/config/yaml.ts')
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
    const file = await changeConfig(context, (text, source) =>
      editConfig(text, source, path, value),
    )
    context.out.answer({ file, path }, () => `${file}: ${path} is set`)
  },
}
