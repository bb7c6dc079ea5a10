// A request's body as JSON, read with suspicion: no more bytes than allowed, valid UTF-8, valid JSON, and no
// name twice in one object, since two readers could then see two requests.

import { RequestError } from './problems.ts'
import { InvalidRequest } from './invalid.ts'

const JSON_TYPE = 'application/json'

/** An absent body reads as `{}`: where all fields may be left out, so may the body. */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get('content-type')
  if (type !== null && mediaType(type) !== JSON_TYPE) throw notJson()
  let bytes: ArrayBuffer | Uint8Array
  try {
    bytes = await read(request, maxBytes)
  } catch (error) {
    throw brokenOff(error)
  }
  if (bytes.byteLength === 0) return {}
  if (type === null) throw notJson()
  return parse(decode(bytes))
}

function mediaType(header: string): string {
  if (header === JSON_TYPE) return header
  return header.split(';', 1)[0]!.trim().toLowerCase()
}

function notJson(): RequestError {
  return new RequestError(415, 'The body must be JSON, sent as `Content-Type: application/json`.')
}

/** As they came; no more than so many. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  try {
    const bytes = await read(request, maxBytes)
    return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  } catch (error) {
    throw brokenOff(error)
  }
}

function read(request: Request, maxBytes: number): Promise<ArrayBuffer | Uint8Array> {
  const length = request.headers.get('content-length')
  if (length === null) return readCounted(request.body, maxBytes)
  // A length that was told is held to by the server below.
  if (Number(length) > maxBytes) throw tooLarge(maxBytes)
  return request.arrayBuffer()
}

function brokenOff(error: unknown): RequestError {
  if (error instanceof RequestError) return error
  return new RequestError(400, 'The body broke off before its end.')
}

async function readCounted(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, `The body is too long: ${maxBytes} bytes are the most here.`)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw wrong('the body is not UTF-8')
  }
}

function parse(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong('the body is not JSON')
  }
  if (isPlainest(text, value)) return value
  const problem = nameProblem(text)
  if (problem !== undefined) throw wrong(problem)
  return value
}

/** As most clients write it: a name that stood twice would stand once in the text of what was understood. */
function isPlainest(text: string, value: unknown): boolean {
  return !text.includes('__proto__') && JSON.stringify(value) === text
}

function wrong(detail: string): InvalidRequest {
  return new InvalidRequest([{ pointer: '', detail }])
}

/** What is wrong with the names in a text that is JSON. */
function nameProblem(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{') open.push(new Set())
    else if (char === '[') open.push(undefined)
    else if (char === '}' || char === ']') open.pop()
    else if (char === '"') {
      const end = endOfText(text, at)
      const names = isName(text, end) ? open.at(-1) : undefined
      if (names) {
        const name = textBetween(text, at, end)
        if (name === '__proto__') return 'the name __proto__ cannot be used'
        if (names.has(name)) return `the name ${JSON.stringify(name.slice(0, 60))} stands twice`
        names.add(name)
      }
      at = end
    }
  }
  return undefined
}

/** Where the quote is that ends the text which begins here. */
function endOfText(text: string, start: number): number {
  let end = start + 1
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end
}

function isName(text: string, end: number): boolean {
  let next = end + 1
  while (text.charCodeAt(next) <= 0x20) next++
  return text[next] === ':'
}

function textBetween(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
}
