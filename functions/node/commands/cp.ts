// `cp`: one object, or all below a place, copied to another. Nothing is ever deleted.

import type { Copied } from '#shared/copy/job.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { formatBytes, printable } from '../terminal/format.ts'
import { startProgress } from '../terminal/progress.ts'
import type { CommandRow, Context, Options } from './command.ts'
import { UsageError } from './command.ts'
import type { Located } from './place.ts'
import { below, checkApart, checkThere, locatePlace } from './place.ts'
import { runSync } from './sync-answer.ts'
import { SYNC_OPTIONS, readJob } from './sync-options.ts'

export const cp: CommandRow = {
  name: 'cp',
  parameters: '<from> <to>',
  summary: 'Copy one object, or all below a place',
  about:
    'Between any two stores, proven by digests; headers, metadata and tags travel, and what cannot is named. A target that ends in a slash takes one object under its own name. All below a place is copied as sync does it: what is the same already is left alone, and nothing is deleted.',
  options: [
    ...SYNC_OPTIONS,
    { flags: '--if-absent', summary: 'one object: fail if the key is taken' },
    { flags: '--class <class>', summary: "one object: the storage class, by the provider's name" },
  ],
  examples: [
    ['skein cp photos:2026/cat.jpg archive:cats/', 'one object'],
    ['skein cp ./film.mp4 films:', 'a file of this machine'],
    ['skein cp photos:2026/ archive:2026/', 'all below 2026/'],
  ],
  async run(context, [source = '', target = ''], options) {
    const [from, to] = [await locatePlace(context, source), await locatePlace(context, target)]
    await checkThere(from)
    if (await isObject(from, context)) await copyOne(context, from, to, options)
    else await copyAll(context, from, to, options)
    await Promise.all([from.store.close(), to.store.close()])
  },
}

async function isObject({ store, key, isFolder }: Located, { signal }: Context): Promise<boolean> {
  if (isFolder) return false
  if (await store.find(key, { signal })) return true
  const { objects } = await store.list({ prefix: `${key}/`, limit: 1, signal })
  if (objects.length > 0) return false
  throw new UsageError(`There is no object ${quoteKey(key)} in ${store.name}, and none below it.`)
}

async function copyAll(
  context: Context,
  from: Located,
  to: Located,
  options: Options,
): Promise<void> {
  const [source, target] = [below(from), below(to)]
  checkApart(source, target)
  const job = await readJob(context, options, source, target)
  await runSync(context, job, { verbose: options.flag('verbose') })
}

async function copyOne(
  context: Context,
  from: Located,
  to: Located,
  options: Options,
): Promise<void> {
  const { out, signal } = context
  const { key } = from
  const toKey = keyAt(to, key)
  const { size } = await from.store.head(key, { signal })
  if (options.flag('dryRun')) {
    out.answer({ dryRun: true, key, toKey, size }, () => `would copy  ${printable(key)}`)
    return
  }
  const { copyObject } = await import('#shared/copy/copy.ts')
  const progress = startProgress(key, size, out.stderr)
  const copied = await copyObject({
    ...{ from: from.store, to: to.store, key, toKey, size, signal },
    mode: options.flag('ifAbsent') ? 'create' : 'overwrite',
    storageClass: options.text('class'),
    ...(options.flag('throughHere') && { through: 'here' as const }),
    onProgress: (bytes) => progress.update(bytes),
  }).finally(() => progress.end())
  tell(context, to, copied)
}

/** In a folder, under its own name. */
function keyAt(to: Located, key: string): string {
  if (!to.isFolder) return to.key
  const name = key.slice(key.lastIndexOf('/') + 1)
  return to.key === '' ? name : `${to.key}/${name}`
}

function tell({ out }: Context, { store }: Located, copied: Copied): void {
  const { info, source, evidence, digest, losses, how, resumedBytes } = copied
  const { key, etag } = info
  const answer = { store: store.name, key, size: source.size, etag, how, evidence, digest }
  out.answer({ ...answer, losses, resumedBytes }, () => {
    const known = digest ? `${evidence}, ${digest.algorithm}` : evidence
    return `${store.name}:${printable(key)}  ${formatBytes(source.size)}  ${known}`
  })
  for (const { what, reason } of losses) out.remark(printable(`${what} was left out: ${reason}.`))
}
