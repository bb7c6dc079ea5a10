// `status` and `stats`: how the stores are, and what is in them.

import { StorageError } from '#shared/storage/errors.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { Store } from '#shared/storage/store.ts'
import { formatBytes, formatCount, formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'
import type { CommandRow, Context } from './command.ts'
import { locate } from './location.ts'
import { Tally } from './tally.ts'

interface Health {
  store: string
  backend: string
  bucket: string
  prefix: string
  region: string | undefined
  health: 'ok' | 'failing'
  latencyMilliseconds: number
  problem?: string
}

export const status: CommandRow = {
  name: 'status',
  parameters: '[stores...]',
  summary: 'Are the stores there, and how fast do they answer',
  about:
    'Lists one key of each store and takes the time. Of a workspace it also tells what is late, what the last sweeps over its copies have found, and what to do about it. Nothing is written.',
  examples: [
    ['skein status', 'every store of the configuration'],
    ['skein status app', 'a workspace: its stores and its copies'],
    ["skein status 's3://bucket?region=eu-west-1'", 'one that no configuration names'],
  ],
  async run(context, names) {
    const { workspaces, stores: known } = await context.config()
    const [only = ''] = names
    if (names.length === 1 && workspaces.has(only) && !known.has(only)) {
      const { tellStanding } = await import('./standing.ts')
      return tellStanding(context, only)
    }
    const stores = await chosen(context, names)
    const results = await Promise.all(stores.map((store) => check(store, context.signal)))
    context.out.answer({ stores: results }, () =>
      table(
        [
          { title: 'STORE' },
          { title: 'BACKEND' },
          { title: 'BUCKET' },
          { title: 'PREFIX' },
          { title: 'REGION' },
          { title: 'HEALTH' },
          { title: 'LATENCY', right: true },
        ],
        results.map((r) => [
          ...[r.store, r.backend, r.bucket, r.prefix, r.region ?? '', r.health],
          `${r.latencyMilliseconds} ms`,
        ]),
      ),
    )
    const failing = results.filter((result) => result.problem !== undefined)
    for (const { problem } of failing) context.out.remark(problem!)
    if (failing.length > 0) context.failed()
  },
}

async function check(store: Store, signal: AbortSignal): Promise<Health> {
  const started = performance.now()
  let problem: string | undefined
  try {
    await store.list({ limit: 1, signal })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    problem = error.message
  } finally {
    await store.close()
  }
  return {
    ...describe(store),
    health: problem === undefined ? 'ok' : 'failing',
    latencyMilliseconds: Math.round(performance.now() - started),
    ...(problem === undefined ? {} : { problem }),
  }
}

function describe(
  store: Store,
): Pick<Health, 'store' | 'backend' | 'bucket' | 'prefix' | 'region'> {
  const { name, row, bucket, prefix, region } = store
  return { store: name, backend: row.title, bucket, prefix, region }
}

export const stats: CommandRow = {
  name: 'stats',
  parameters: '[locations...]',
  summary: 'How many objects and bytes there are',
  about:
    'Lists everything, so it takes a request for each thousand objects. With --detailed also by folder, class and size.',
  options: [{ flags: '--detailed', summary: 'by folder, by class, and how large objects are' }],
  examples: [
    ['skein stats', 'every store of the configuration'],
    ['skein stats photos:2026/ --detailed', 'what begins with 2026/ in the store photos'],
  ],
  async run(context, names, options) {
    const config = await context.config()
    const texts = names.length > 0 ? names : [...config.stores.keys()]
    const pages: StatsPage[] = []
    for (const text of texts) {
      const { store, key } = await locate(context, text)
      const tally = new Tally(key)
      for await (const object of store.listAll({ prefix: key, signal: context.signal }))
        tally.add(object)
      pages.push({ ...describe(store), under: key, ...tally.result(options.flag('detailed')) })
      await store.close()
    }
    context.out.answer({ stores: pages }, () => pages.map(statsPage).join('\n\n'))
  },
}

type StatsPage = ReturnType<typeof describe> & { under: string } & ReturnType<Tally['result']>

function statsPage(page: StatsPage): string {
  const head = facts([
    ['Store', page.store],
    ['Backend', page.backend],
    ['Bucket', page.bucket],
    ['Prefix', page.prefix + page.under],
    ['Region', page.region],
    ['Objects', formatCount(page.objects)],
    ['Bytes', `${formatBytes(page.bytes)} (${formatCount(page.bytes)})`],
    ['Last modified', formatTime(page.lastModified)],
  ])
  const groups = page.details?.map(({ title, rows }) =>
    table(
      [{ title }, { title: 'OBJECTS', right: true }, { title: 'BYTES', right: true }],
      rows.map((row) => [row.name, formatCount(row.objects), formatBytes(row.bytes)]),
    ),
  )
  return [head, ...(groups ?? [])].join('\n\n')
}

async function chosen(context: Context, names: readonly string[]): Promise<Store[]> {
  const config = await context.config()
  if (names.length === 0) {
    return [...config.stores.keys()].map((name) => openConfigured(config, name, context.platform))
  }
  return Promise.all(names.map(async (name) => (await locate(context, name)).store))
}
