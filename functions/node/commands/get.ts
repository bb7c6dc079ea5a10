// `get`: an object, or all below a prefix, into files. A file appears whole or not at all.

import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ByteRange } from '#shared/storage/contract.ts'
import { counted } from '#shared/storage/stillness.ts'
import type { Store } from '#shared/storage/store.ts'
import { formatBytes } from '../terminal/format.ts'
import { startProgress } from '../terminal/progress.ts'
import type { CommandRow, Context } from './command.ts'
import { UsageError } from './command.ts'
import { locate, locateObject } from './location.ts'

export const get: CommandRow = {
  name: 'get',
  parameters: '<source> [file]',
  summary: 'Download an object, or all below a prefix',
  about:
    'Into the current folder under its own name, unless a file or folder is named; `-` is standard output. A file appears whole or not at all; a broken connection is taken up where it broke.',
  options: [
    { flags: '-r, --recursive', summary: 'everything whose key begins so' },
    { flags: '--range <first-last>', summary: 'these bytes only; the last may be left open' },
    { flags: '--version <id>', summary: 'this version, where the store keeps them' },
  ],
  examples: [
    ['skein get photos:2026/cat.jpg', 'as ./cat.jpg'],
    ['skein get photos:2026/cat.jpg - | open -f', 'to a pipe'],
    ['skein get -r photos:2026/ ./backup', 'all of it, as folders'],
  ],
  async run(context, [source = '', target], options) {
    if (options.flag('recursive')) return getAll(context, source, target ?? '.')
    const { store, key } = await locateObject(context, source)
    const range = readRange(options.text('range'))
    const version = options.text('version')
    const wanted = { ...(range && { range }), ...(version && { version }) }
    const path = target === '-' ? '-' : await pathFor(target, key)
    const size = await receive(context, store, key, path, wanted)
    await store.close()
    if (path === '-') return
    context.out.answer(
      { store: store.name, key, file: path, size },
      () => `${path}  ${formatBytes(size)}`,
    )
  },
}

async function getAll(context: Context, source: string, folder: string): Promise<void> {
  const { store, key } = await locate(context, source)
  const under = key.slice(0, key.lastIndexOf('/') + 1)
  const files: { key: string; file: string; size: number }[] = []
  for await (const object of store.listAll({ prefix: key, signal: context.signal })) {
    const path = inside(folder, object.key.slice(under.length))
    files.push({
      key: object.key,
      file: path,
      size: await receive(context, store, object.key, path),
    })
  }
  await store.close()
  if (files.length === 0) throw new UsageError(`Nothing in ${store.name} begins with "${key}".`)
  context.out.answer({ store: store.name, files }, () =>
    files.map(({ file, size }) => `${file}  ${formatBytes(size)}`).join('\n'),
  )
}

/** A key is somebody else's text: it never leads out of the folder. */
function inside(folder: string, key: string): string {
  // A key that ends as a folder's name does, or is the prefix itself, as consoles make them.
  const path = resolve(folder, /(^|\/)$/.test(key) ? `${key}_` : key)
  if (!path.startsWith(resolve(folder) + sep)) {
    throw new UsageError(
      `The key ${JSON.stringify(key)} would lead out of "${folder}"; download it by itself under a name of yours.`,
    )
  }
  return path
}

async function pathFor(target: string | undefined, key: string): Promise<string> {
  const name = basename(key)
  if (target === undefined) return name
  const found = await stat(target).catch(() => undefined)
  return found?.isDirectory() || target.endsWith(sep) ? join(target, name) : target
}

async function receive(
  context: Context,
  store: Store,
  key: string,
  path: string,
  wanted: { range?: ByteRange; version?: string } = {},
): Promise<number> {
  const { info, body } = await store.get(key, { ...wanted, signal: context.signal })
  const progress = startProgress(key, info.size, context.out.stderr)
  let bytes = 0
  const stream = counted(body, (count) => progress.update((bytes += count)))
  try {
    if (path === '-')
      await pipeline(Readable.from(stream), context.out.stdout, {
        signal: context.signal,
        end: false,
      })
    else await writeWhole(stream, path, context.signal)
  } finally {
    progress.end()
  }
  return bytes
}

async function writeWhole(
  stream: ReadableStream<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const partial = `${path}.skein-${process.pid}`
  try {
    await mkdir(dirname(path), { recursive: true }).catch(async (error: unknown) => {
      await stream.cancel(error)
      throw error
    })
    await pipeline(Readable.from(stream), createWriteStream(partial, { flags: 'wx' }), {
      signal,
    })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

function readRange(value: string | undefined): ByteRange | undefined {
  if (value === undefined) return undefined
  const match = /^(\d+)-(\d*)$/.exec(value)
  if (!match)
    throw new UsageError(`--range takes first-last, such as 0-99 or 100-, not "${value}".`)
  const [, first, last] = match
  return last === '' ? { first: Number(first) } : { first: Number(first), last: Number(last) }
}
