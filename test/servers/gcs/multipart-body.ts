/**
 * Streams the parts of a multipart body (related, mixed or form-data) without holding more
 * than a delimiter's length of a part: a part may be hundreds of MB.
 * https://www.rfc-editor.org/rfc/rfc2046#section-5.1
 */
import { invalid } from './errors.ts'

const MAX_HEADER_BYTES = 16 * 1024
const BLANK_LINE = Buffer.from('\r\n\r\n')

export interface Part {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Buffer>
}

export function boundaryOf(contentType: string | undefined): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType ?? '')
  const boundary = match?.[1] ?? match?.[2]
  if (!boundary) throw invalid('The multipart body has no boundary.')
  return boundary
}

/** Each part's body must be read before the next part is asked for; what is left is skipped. */
export async function* readParts(
  body: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<Part> {
  const reader = new DelimitedReader(body, boundary)
  await skip(reader.untilDelimiter())
  while (await reader.hasAnotherPart()) {
    const headers = await reader.readHeaders()
    const content = reader.untilDelimiter()
    yield { headers, body: content }
    await skip(content)
  }
}

/** What may follow a delimiter: the closing dashes, a line break or white space before it. */
function endsLine(next: Buffer): boolean {
  return /^(--|\r\n|[ \t])/.test(next.toString('latin1'))
}

async function skip(content: AsyncGenerator<Buffer>): Promise<void> {
  let next = await content.next()
  while (!next.done) next = await content.next()
}

class DelimitedReader {
  readonly #source: AsyncIterator<Buffer>
  readonly #delimiter: Buffer
  /** A line break is put before the first line, so that every delimiter looks the same. */
  #held: Buffer = Buffer.from('\r\n')

  constructor(body: AsyncIterable<Buffer>, boundary: string) {
    this.#source = body[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  async #more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done) throw invalid('The multipart body ends before its closing boundary.')
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value])
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }

  async *untilDelimiter(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter)
      const end = at + this.#delimiter.length
      const isComplete = at >= 0 && this.#held.length >= end + 2
      if (isComplete && endsLine(this.#held.subarray(end, end + 2))) {
        const content = this.#take(at)
        this.#held = this.#held.subarray(this.#delimiter.length)
        if (content.length > 0) yield content
        return
      }
      // A longer boundary that begins like this one is content.
      const safe = at < 0 ? this.#held.length - this.#delimiter.length : isComplete ? end : at
      if (safe > 0) yield this.#take(safe)
      if (!isComplete) await this.#more()
    }
  }

  /** After a delimiter: `--` closes the body, a line break begins a part. */
  async hasAnotherPart(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more()
    if (this.#held.subarray(0, 2).toString('latin1') === '--') return this.#drain()
    for (;;) {
      const at = this.#held.indexOf('\r\n')
      if (at >= 0) {
        this.#held = this.#held.subarray(at + 2)
        return true
      }
      await this.#more()
    }
  }

  async #drain(): Promise<false> {
    let next = await this.#source.next()
    while (!next.done) next = await this.#source.next()
    return false
  }

  async readHeaders(): Promise<Record<string, string | undefined>> {
    while (this.#held.length < 2) await this.#more()
    if (this.#held.subarray(0, 2).toString('latin1') === '\r\n') {
      this.#held = this.#held.subarray(2)
      return {}
    }
    for (;;) {
      const at = this.#held.indexOf(BLANK_LINE)
      if (at >= 0) {
        const text = this.#held.subarray(0, at).toString('utf8')
        this.#held = this.#held.subarray(at + BLANK_LINE.length)
        return parseHeaders(text)
      }
      if (this.#held.length > MAX_HEADER_BYTES) throw invalid('A part has too many headers.')
      await this.#more()
    }
  }
}

export function parseHeaders(text: string): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {}
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}
