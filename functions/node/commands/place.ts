// Where `sync` and `cp` copy from and to: a store and what its keys begin with, a folder's path, or one object.

import { stat } from 'node:fs/promises'
import { basename, dirname, resolve, sep } from 'node:path'
import type { Place } from '#shared/compare/listing.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'
import { locate } from './location.ts'

export interface Located {
  store: Store
  /** As it was written, without a slash at its end; may be empty. */
  key: string
  /** It ends in a slash, or names the whole store: what is below it, and no object, is meant. */
  isFolder: boolean
  /** It was written as the path of a file, which the place itself is. */
  isFile: boolean
}

/** What has a slash and no colon is a path of this machine. */
export async function locatePlace(context: Context, text: string): Promise<Located> {
  const isPath = /^\.{1,2}$/.test(text) || (text.includes('/') && !text.includes(':'))
  const uri = isPath ? `file:${encodeURIComponent(text).replaceAll('%2F', '/')}` : text
  const file = await fileOf(uri)
  const { store, key } = await locate(context, file?.folder ?? uri)
  if (file) return { store, key: file.name, isFolder: false, isFile: true }
  const isFolder = key === '' || key.endsWith('/')
  return { store, key: key.replace(/\/+$/, ''), isFolder, isFile: false }
}

/** A file of this machine is an object of the folder that it lies in. */
async function fileOf(uri: string): Promise<{ folder: string; name: string } | undefined> {
  const [, path] = /^file:(?:\/\/(?=\/))?(.+)$/i.exec(uri) ?? []
  if (path === undefined) return undefined
  const found = await stat(decodeURIComponent(path)).catch(() => undefined)
  if (!found?.isFile()) return undefined
  return { folder: `file:${dirname(path)}`, name: decodeURIComponent(basename(path)) }
}

/** A source that is a folder of this machine has to be there: a misspelt one would pass for an empty one. */
export async function checkThere({ store, key }: Located): Promise<void> {
  if (store.row.wire !== 'file' || key !== '') return
  const found = await stat(store.bucket).catch(() => undefined)
  if (!found?.isDirectory()) throw new UsageError(`There is no folder "${store.bucket}".`)
}

/** All that lies below, as a folder: `photos` is `photos/…` and never `photos2`. */
export function below({ store, key }: Located): Place {
  return { store, base: key === '' ? '' : `${key}/` }
}

/** One inside of the other would be copied into itself, or delete what it is made from. */
export function checkApart(from: Place, to: Place): void {
  const [a, b] = [from, to].map(({ store, base }) => {
    if (store.row.wire === 'file') return `${resolve(store.bucket)}${sep}${base}`
    return `${store.home ?? store.row.id}\n${store.bucket}\n${store.prefix}${base}`
  })
  if (a!.startsWith(b!) || b!.startsWith(a!)) {
    throw new UsageError('One of the two places lies within the other; name two that do not.')
  }
}
