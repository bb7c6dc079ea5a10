// `put`: files, folders, or standard input into a store.

import { createReadStream, openAsBlob } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import type { StreamJob } from '#shared/copy/stream.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { formatBytes } from '../terminal/format.ts'
import type { Output } from '../terminal/output.ts'
import { startProgress } from '../terminal/progress.ts'
import type { CommandRow, Context, Options } from './command.ts'
import { UsageError } from './command.ts'
import { contentTypeOf } from './content-type.ts'
import { locate } from './location.ts'
import { readPairs } from './pairs.ts'

interface Upload {
  /** `-` for standard input. */
  path: string
  key: string
  /** Absent for what only its end will tell: standard input, a pipe. */
  size: number | undefined
}

interface Sent {
  key: string
  size: number
  etag: string
}

export const put: CommandRow = {
  name: 'put',
  parameters: '<file> <target>',
  summary: 'Upload a file, a folder, or standard input',
  about:
    'A target that ends in a slash, or names only the store, takes the file under its own name. Large files go up in parts, several at a time. A folder needs --recursive.',
  options: [
    { flags: '-r, --recursive', summary: 'a folder and all below it' },
    { flags: '--type <type>', summary: "the content type; else the file name's" },
    { flags: '--metadata <name=value>', summary: 'metadata, once for each pair', many: true },
    { flags: '--cache-control <text>', summary: 'the Cache-Control it is served with' },
    { flags: '--class <class>', summary: "the storage class, by the provider's name" },
    { flags: '--if-absent', summary: 'fail if the key is taken' },
  ],
  examples: [
    ['skein put cat.jpg photos:2026/', 'as photos:2026/cat.jpg'],
    ['skein put -r ./site site:', 'the folder, as it is'],
    ['tar c data | skein put - backups:data.tar', 'from a pipe, of any length'],
  ],
  async run(context, [file = '', target = ''], options) {
    const { store, key } = await locate(context, target)
    const uploads = await plan(file, key, options, context.out)
    const done: Sent[] = []
    for (const upload of uploads) done.push(await send(context, store, upload, options))
    await store.close()
    context.out.answer({ store: store.name, objects: done }, () =>
      done.map(({ key: sent, size }) => `${store.name}:${sent}  ${formatBytes(size)}`).join('\n'),
    )
  },
}

async function plan(file: string, key: string, options: Options, out: Output): Promise<Upload[]> {
  if (file === '-') {
    if (key === '' || key.endsWith('/'))
      throw new UsageError('Standard input has no name: end the target in a key.')
    return [{ path: '-', key, size: undefined }]
  }
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) throw new UsageError(`There is no file "${file}".`)
  if (!found.isDirectory()) {
    const whole = key === '' || key.endsWith('/') ? key + basename(file) : key
    return [{ path: file, key: whole, size: found.isFile() ? found.size : undefined }]
  }
  if (!options.flag('recursive'))
    throw new UsageError(`"${file}" is a folder: give --recursive to upload all below it.`)
  const under = key === '' || key.endsWith('/') ? key : `${key}/`
  const entries = await readdir(file, { recursive: true, withFileTypes: true })
  const others = entries.filter((entry) => !entry.isFile() && !entry.isDirectory())
  if (others.length > 0) out.remark(`Left out: ${others.length} links and special files.`)
  const uploads = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const name = relative(file, path).split(sep).join('/')
      return { path, key: under + name, size: (await stat(path)).size }
    })
  return Promise.all(uploads)
}

async function send(
  { signal, out }: Context,
  store: Store,
  upload: Upload,
  options: Options,
): Promise<Sent> {
  const progress = startProgress(upload.key, upload.size, out.stderr)
  let sent = 0
  try {
    const properties = {
      contentType: options.text('type') ?? contentTypeOf(upload.key),
      cacheControl: options.text('cacheControl'),
      storageClass: options.text('class'),
      metadata: readPairs(options.texts('metadata'), '--metadata'),
    }
    const written = {
      signal,
      mode: options.flag('ifAbsent') ? ('create' as const) : ('overwrite' as const),
      onProgress(bytes: number) {
        sent = bytes
        progress.update(bytes)
      },
    }
    const info =
      upload.size === undefined
        ? await sendStream({ ...written, to: store, key: upload.key, properties }, upload, out)
        : await store.put(upload.key, await openAsBlob(upload.path), { ...written, ...properties })
    return { key: upload.key, size: upload.size ?? sent, etag: info.etag }
  } finally {
    progress.end()
  }
}

/** It can be read but once, so it is hashed on its way, and held to that when it is there. */
async function sendStream(
  job: Omit<StreamJob, 'stream'>,
  { path }: Upload,
  { stdin }: Output,
): Promise<ObjectInfo> {
  const { copyStream } = await import('#shared/copy/stream.ts')
  const readable = path === '-' ? stdin : createReadStream(path)
  const stream = Readable.toWeb(readable) as ReadableStream<Uint8Array>
  return (await copyStream({ ...job, stream })).info
}
