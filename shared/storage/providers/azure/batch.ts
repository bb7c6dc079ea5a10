// Many requests in one, as parts of a multipart body, and the answers to them in another.
// https://learn.microsoft.com/rest/api/storageservices/blob-batch

import type { Refusal } from './errors.ts'

interface Within {
  url: string
  headers: Record<string, string>
}

/** Each is known by its place in the list. */
export function writeBatch(
  method: string,
  requests: readonly Within[],
  boundary: string,
): Uint8Array {
  const parts = requests.map(({ url, headers }, index) => {
    const { pathname, search } = new URL(url)
    return [
      `--${boundary}`,
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      `Content-ID: ${index}`,
      '',
      `${method} ${pathname}${search} HTTP/1.1`,
      ...headerLines(headers),
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n')
  })
  return new TextEncoder().encode(`${parts.join('')}--${boundary}--\r\n`)
}

/** The version of the whole holds for all, and none may name its own. */
function headerLines(headers: Record<string, string>): string[] {
  return Object.entries(headers)
    .filter(([name]) => name !== 'x-ms-version')
    .map(([name, value]) => `${name}: ${value}`)
}

export interface BatchAnswer {
  /** By the place of what they answer. */
  each: Map<number, Refusal>
  /** Why none of it was done: told in a single answer to no request in particular. */
  refused?: Refusal
}

/** Undefined for what is no such answer, or not the whole of it. */
export function readBatch(text: string, contentType: string): BatchAnswer | undefined {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) return undefined
  const [answers, ...rest] = text.split(`--${boundary}--`)
  if (answers === undefined || rest.length === 0) return undefined
  const each = new Map<number, Refusal>()
  for (const part of answers.split(`--${boundary}`).slice(1)) {
    const id = header(part, 'content-id')
    const answer = readAnswer(part)
    if (id !== undefined) each.set(Number(id), answer)
    else return { each, refused: answer }
  }
  return { each }
}

function readAnswer(part: string): Refusal {
  return {
    status: Number(/^HTTP\/1\.\d (\d{3})/m.exec(part)?.[1] ?? 500),
    code: header(part, 'x-ms-error-code'),
  }
}

function header(part: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(part)?.[1]
}
