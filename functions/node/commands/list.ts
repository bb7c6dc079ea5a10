// `list`: what is there, one folder at a time or all of it.

import type { ListPage } from '#shared/storage/contract.ts'
import { formatBytes, formatTime } from '../terminal/format.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { locate } from './location.ts'

const DEFAULT_LIMIT = 1000

export const list: CommandRow = {
  name: 'list',
  parameters: '<location>',
  summary: 'List objects',
  about:
    'One level of folders, as the slash divides keys; with --recursive every key below. What follows the colon is where keys begin.',
  options: [
    { flags: '-r, --recursive', summary: 'every key, not only this folder' },
    {
      flags: '--limit <count>',
      summary: `at most so many (${DEFAULT_LIMIT} unless said otherwise; 0: all)`,
    },
  ],
  examples: [
    ['skein list photos:', 'the top of the store photos'],
    ['skein list photos:2026/ -r', 'everything under 2026/'],
  ],
  async run(context, [location = ''], options) {
    const { store, key } = await locate(context, location)
    const limit = readLimit(options.text('limit'))
    const found: ListPage = { objects: [], prefixes: [] }
    let cursor: string | undefined
    do {
      const page: ListPage = await store.list({
        prefix: key,
        delimiter: options.flag('recursive') ? undefined : '/',
        cursor,
        signal: context.signal,
      })
      found.objects.push(...page.objects)
      found.prefixes.push(...page.prefixes)
      cursor = page.cursor
    } while (cursor !== undefined && count(found) < limit)
    await store.close()

    const more = cursor !== undefined || count(found) > limit
    const prefixes = found.prefixes.slice(0, limit)
    const objects = found.objects.slice(0, limit - prefixes.length)
    context.out.answer({ store: store.name, prefixes, objects, more }, () =>
      table(
        [
          { title: 'SIZE', right: true },
          { title: 'MODIFIED' },
          { title: 'CLASS' },
          { title: 'KEY' },
        ],
        [
          ...prefixes.map((prefix) => ['', '', '', prefix]),
          ...objects.map((object) => [
            formatBytes(object.size),
            formatTime(object.modified),
            object.storageClass ?? '',
            object.key,
          ]),
        ],
      ),
    )
    if (more) context.out.remark(`There is more: this is the first ${limit}; see --limit.`)
  },
}

function count({ objects, prefixes }: ListPage): number {
  return objects.length + prefixes.length
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT
  const limit = Number(value)
  if (!Number.isInteger(limit) || limit < 0)
    throw new UsageError(`--limit takes a whole number, not "${value}".`)
  return limit === 0 ? Number.POSITIVE_INFINITY : limit
}
