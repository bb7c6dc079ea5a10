// `presign`: a signed request for somebody who has no credentials, with a curl line that makes it.

import type { SignRequest } from '#shared/storage/signer.ts'
import { toSeconds } from '#shared/storage/schema.ts'
import { formatTime } from '../terminal/format.ts'
import { facts } from '../terminal/table.ts'
import type { CommandRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import { locateObject } from './location.ts'

const DEFAULT_EXPIRY = '15m'
const ACTIONS = ['get', 'head', 'put', 'delete'] as const

export const presign: CommandRow = {
  name: 'presign',
  parameters: '<action> <object>',
  summary: 'Sign a get, head, put or delete for somebody without credentials',
  about:
    'No request is made. What a put is held to (--type, --size, --if-absent) is under the signature, or refused where the provider cannot.',
  options: [
    {
      flags: '--expires <duration>',
      summary: `how long it lives, such as 15m or 7d (${DEFAULT_EXPIRY})`,
    },
    { flags: '--type <type>', summary: 'put: only this content type' },
    { flags: '--size <bytes>', summary: 'put: only this many bytes' },
    { flags: '--if-absent', summary: 'put: only if the key is free' },
    { flags: '--download-as <name>', summary: 'get: the name a browser saves it under' },
  ],
  examples: [
    ['skein presign get photos:cat.jpg --expires 1h', 'a link'],
    ['skein presign put photos:cat.jpg --type image/jpeg --if-absent', 'an upload'],
  ],
  async run(context, [action = '', object = ''], options) {
    const { store, key } = await locateObject(context, object)
    const signed = await store.presign(request(action, key, options))
    context.out.answer(signed, () => {
      const headers = Object.entries(signed.headers).map(
        ([name, value]) => `-H ${quote(`${name}: ${value}`)}`,
      )
      const method =
        signed.method === 'GET' ? [] : signed.method === 'HEAD' ? ['-I'] : ['-X', signed.method]
      const body = signed.method === 'PUT' ? ['-T', 'FILE'] : []
      return [
        signed.url,
        '',
        facts([
          [
            'Expires',
            `${formatTime(signed.expiresAt)}${signed.expiresAtMost ? ' at the latest' : ''}`,
          ],
          ['Enforced', signed.enforced.join(', ')],
          ['Try', ['curl', ...method, ...headers, ...body, quote(signed.url)].join(' ')],
        ]),
      ].join('\n')
    })
  },
}

function request(action: string, key: string, options: Options): SignRequest {
  const expiresInSeconds = readExpiry(options.text('expires'))
  switch (action) {
    case 'get':
    case 'head': {
      const name = options.text('downloadAs')
      const response = name === undefined ? undefined : { contentDisposition: attachment(name) }
      return { action, key, expiresInSeconds, response }
    }
    case 'put':
      return {
        ...{ action, key, expiresInSeconds },
        contentType: options.text('type'),
        contentLength: readSize(options.text('size')),
        mode: options.flag('ifAbsent') ? 'create' : 'overwrite',
      }
    case 'delete':
      return { action, key, expiresInSeconds }
    default:
      throw new UsageError(`presign signs ${ACTIONS.join(', ')}, not "${action}".`)
  }
}

function readExpiry(value: string | undefined): number {
  const seconds = toSeconds(value ?? DEFAULT_EXPIRY)
  if (!Number.isInteger(seconds) || seconds < 1) {
    throw new UsageError(
      `--expires takes a duration of whole seconds such as 90s, 15m or 7d, not "${value}".`,
    )
  }
  return seconds
}

function readSize(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const size = Number(value)
  if (!Number.isSafeInteger(size) || size < 0)
    throw new UsageError(`--size takes a number of bytes, not "${value}".`)
  return size
}

/** RFC 6266: a plain name for old readers, the true one in UTF-8. */
function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** For a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
