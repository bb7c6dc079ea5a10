// Places that a job of the command line is about, and where its records are kept when no workspace says so.

import { canCompareAndSet } from '#shared/jobs/ledger.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'
import { locate } from './location.ts'

export interface NamedPlace {
  store: string
  base?: string
}

/** Of a configured store, what follows its name is a prefix; of a URI it is a part of the URI. */
export async function placeNamed(context: Context, text: string): Promise<NamedPlace> {
  await (await locate(context, text)).store.close()
  const { stores } = await context.config()
  const [name = '', rest = ''] = text.split(/:(.*)/s)
  if (!stores.has(name) || rest.startsWith('//')) return { store: text }
  return rest === '' ? { store: name } : { store: name, base: rest }
}

/** The last store that can keep records, unless somebody says where. */
export async function recordsAt(
  context: Context,
  places: readonly NamedPlace[],
  given: string | undefined,
): Promise<string> {
  if (given !== undefined) return given
  const { ledger } = await context.config()
  for (const { store } of [...places].toReversed()) {
    const located = await locate(context, store)
    await located.store.close()
    if (canCompareAndSet(located.store)) return store
  }
  if (ledger !== undefined) return ledger
  const { HOME, XDG_CACHE_HOME = HOME && `${HOME}/.cache` } = context.platform.env
  if (!XDG_CACHE_HOME)
    throw new UsageError('None of these stores can keep the records; name one with --records.')
  const folder = `file:${XDG_CACHE_HOME}/skein`
  context.out.remark(
    `None of these stores has conditional writes, so the records are kept in ${folder}.`,
  )
  return folder
}
