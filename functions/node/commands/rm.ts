// `rm`: objects, or with --recursive all below a prefix.

import type { DeleteResult } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { formatCount } from '../terminal/format.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { locate } from './location.ts'

export const rm: CommandRow = {
  name: 'rm',
  parameters: '<locations...>',
  summary: 'Delete objects',
  about:
    'A key that is not there counts as deleted. With --recursive everything whose key begins so; a whole store is only emptied with --all. Versions that the store keeps are left.',
  options: [
    { flags: '-r, --recursive', summary: 'everything whose key begins so' },
    { flags: '--all', summary: 'with --recursive: the whole store' },
    { flags: '--dry-run', summary: 'say what would be deleted' },
  ],
  examples: [
    ['skein rm photos:2026/cat.jpg', 'one object'],
    ['skein rm -r photos:tmp/ --dry-run', 'what would go'],
  ],
  async run(context, locations, options) {
    const recursive = options.flag('recursive')
    const dryRun = options.flag('dryRun')
    const deleted: { store: string; key: string }[] = []
    const failed: { store: string; key: string; error: string }[] = []
    for (const text of locations) {
      const { store, key } = await locate(context, text)
      if (key === '' && !(recursive && options.flag('all'))) {
        throw new UsageError(
          `"${text}" is a whole store: give a key, or --recursive --all to empty it.`,
        )
      }
      for await (const keys of batches(store, key, recursive, context.signal)) {
        const results: DeleteResult[] = dryRun
          ? keys.map((k) => ({ key: k }))
          : await store.delete(keys, { signal: context.signal })
        for (const result of results) {
          const { error } = result
          if (error) failed.push({ store: store.name, key: result.key, error: error.message })
          else deleted.push({ store: store.name, key: result.key })
        }
      }
      await store.close()
    }
    context.out.answer({ dryRun, deleted, failed }, () =>
      recursive && !dryRun
        ? `${formatCount(deleted.length)} deleted`
        : deleted.map((one) => `${one.store}:${one.key}`).join('\n'),
    )
    for (const { error } of failed) context.out.remark(error)
    if (failed.length > 0) context.failed()
  },
}

const BATCH = 1000

async function* batches(
  store: Store,
  key: string,
  recursive: boolean,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  if (!recursive) {
    yield [key]
    return
  }
  let batch: string[] = []
  for await (const object of store.listAll({ prefix: key, signal })) {
    batch.push(object.key)
    if (batch.length === BATCH) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
