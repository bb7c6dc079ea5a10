// multipart/form-data as a stream: the fields that come before the file, then the file's bytes as they
// arrive. What follows the file is read and ignored, as S3 does.

import { refuse } from './errors.ts'

export type Form = {
  /** Lower-case names. */
  fields: Map<string, string>
  file: { name: string; bytes: AsyncIterable<Buffer> } | undefined
}

const maxFieldBytes = 20_480

export async function readForm(body: AsyncIterable<Buffer>, contentType: string): Promise<Form> {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  const name = boundary?.[1] ?? boundary?.[2]
  if (name === undefined) throw refuse('MalformedPOSTRequest')
  const scanner = createScanner(body)
  const delimiter = Buffer.from(`\r\n--${name}`)
  const fields = new Map<string, string>()
  let size = (await scanner.textUntil(delimiter)).length
  for (;;) {
    const part = await readPartHead(scanner)
    if (!part) return { fields, file: undefined }
    if (part.name === 'file') {
      return { fields, file: { name: part.fileName, bytes: fileBytes(scanner, delimiter) } }
    }
    const value = await scanner.textUntil(delimiter)
    size += part.name.length + value.length
    if (size > maxFieldBytes) {
      throw refuse(
        'MalformedPOSTRequest',
        'Your POST request fields preceding the upload file were too large.',
      )
    }
    fields.set(part.name, value)
  }
}

/** Undefined at the closing delimiter. */
async function readPartHead(
  scanner: Scanner,
): Promise<{ name: string; fileName: string } | undefined> {
  const mark = await scanner.textUntil(Buffer.from('\r\n'), true)
  if (mark.startsWith('--')) return undefined
  const head = await scanner.textUntil(Buffer.from('\r\n\r\n'))
  const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? ''
  const name = parameterOf(disposition, 'name')
  if (mark.trim() !== '' || name === undefined) throw refuse('MalformedPOSTRequest')
  const path = parameterOf(disposition, 'filename') ?? ''
  return { name: name.toLowerCase(), fileName: path.replace(/^.*[/\\]/, '') }
}

function parameterOf(disposition: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|[;\\s])${name}=(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(disposition)
  return (match?.[1] ?? match?.[2])?.replaceAll('%22', '"')
}

async function* fileBytes(scanner: Scanner, delimiter: Buffer): AsyncGenerator<Buffer> {
  yield* scanner.until(delimiter)
  await scanner.drain()
}

type Scanner = {
  until(delimiter: Buffer): AsyncGenerator<Buffer>
  /** With `atEnd`, the end of the body stands for the delimiter. */
  textUntil(delimiter: Buffer, atEnd?: boolean): Promise<string>
  drain(): Promise<void>
}

function createScanner(body: AsyncIterable<Buffer>): Scanner {
  const iterator = body[Symbol.asyncIterator]()
  // So that the first delimiter, which no line precedes, is found like the others.
  let held: Buffer = Buffer.from('\r\n')

  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (!next.done) held = held.length === 0 ? next.value : Buffer.concat([held, next.value])
    return !next.done
  }

  async function* until(delimiter: Buffer, atEnd = false): AsyncGenerator<Buffer> {
    for (;;) {
      const found = held.indexOf(delimiter)
      // A delimiter may be cut between two chunks: its length is held back.
      const end = found < 0 ? Math.max(0, held.length - delimiter.length) : found
      if (end > 0) yield held.subarray(0, end)
      held = held.subarray(found < 0 ? end : end + delimiter.length)
      if (found >= 0) return
      if (await more()) continue
      if (!atEnd) throw refuse('MalformedPOSTRequest')
      yield held
      held = Buffer.alloc(0)
      return
    }
  }

  return {
    until,
    textUntil: async (delimiter, atEnd) => {
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of until(delimiter, atEnd)) {
        size += chunk.length
        if (size > 2 * maxFieldBytes) throw refuse('MalformedPOSTRequest', 'A field is too large.')
        chunks.push(chunk)
      }
      return Buffer.concat(chunks).toString('utf8')
    },
    drain: async () => {
      do held = Buffer.alloc(0)
      while (await more())
    },
  }
}
