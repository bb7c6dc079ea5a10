// `sync`: one place made like another.

import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { below, checkApart, checkThere, locatePlace } from './place.ts'
import { runSync } from './sync-answer.ts'
import { SYNC_OPTIONS, readCount, readJob } from './sync-options.ts'

export const sync: CommandRow = {
  name: 'sync',
  parameters: '<from> <to>',
  summary: 'Make one place like another',
  about:
    'Copies what is new or changed below one place to the other, whatever clouds these are, and proves each copy by digests. What is the same is remembered beside the target, under .skein/, so that the next run only lists. Nothing is deleted without --delete, and then only what was not written meanwhile, once all else has gone well, and no more at once than 100 objects or a tenth of the target unless --max-delete says so. A run that is broken off goes on where it was, large objects too.',
  options: [
    ...SYNC_OPTIONS,
    { flags: '--delete', summary: 'delete what only the target has' },
    { flags: '--max-delete <count>', summary: 'with --delete: at most so many' },
  ],
  examples: [
    ['skein sync photos: archive:2026/', 'a store into a folder of another'],
    ["skein sync './site' 's3://bucket/site?region=eu-west-1' --delete -n", 'what would be done'],
    ["skein sync gs://a az://account/b --exclude '*.tmp' --max-age 7d", 'some of it'],
  ],
  async run(context, [source = '', target = ''], options) {
    const [from, to] = [await locatePlace(context, source), await locatePlace(context, target)]
    await checkThere(from)
    for (const [{ isFile }, text] of [
      [from, source],
      [to, target],
    ] as const) {
      if (!isFile) continue
      throw new UsageError(`"${text}" is a file; sync takes folders, and cp also one file.`)
    }
    const [below1, below2] = [below(from), below(to)]
    checkApart(below1, below2)
    const max = readCount(options, 'maxDelete', 0)
    if (max !== undefined && !options.flag('delete')) {
      throw new UsageError('--max-delete says how much --delete may delete; give both.')
    }
    const job = await readJob(context, options, below1, below2)
    const deletes = options.flag('delete') ? { deletes: { max } } : {}
    await runSync(context, { ...job, ...deletes }, { verbose: options.flag('verbose') })
    await Promise.all([from.store.close(), to.store.close()])
  },
}
