// A client that holds nothing but a signed request: it sends what it was given, or what a forger would.

import assert from 'node:assert/strict'
import type { Presigned } from '#shared/storage/signer.ts'
import type { Harness } from './harness.ts'

export interface Change {
  method?: string
  headers?: Record<string, string | undefined>
  url?: (url: string) => string
}

/** Sends it as given but for the changes; a header changed to undefined is left out. */
export async function send(
  harness: Harness,
  signed: Presigned,
  body?: Uint8Array<ArrayBuffer> | null,
  change: Change = {},
): Promise<Response> {
  const headers = Object.fromEntries(
    Object.entries({ ...signed.headers, ...change.headers }).flatMap(([name, value]) =>
      // The client's own: it counts the bytes that it sends.
      value === undefined || /^(content-length|host)$/i.test(name) ? [] : [[name, value]],
    ),
  )
  const url = change.url?.(signed.url) ?? signed.url
  return harness.fetch(url, { method: change.method ?? signed.method, headers, body: body ?? null })
}

/** The answer is this status, or any 2xx; the message says what the server said. */
export async function accepted(answer: Response, status?: number): Promise<Response> {
  const right = status === undefined ? answer.ok : answer.status === status
  if (!right) assert.fail(`${answer.status} where it should be accepted: ${await answer.text()}`)
  return answer
}

/** The server itself refuses: 4xx. */
export async function refused(answer: Response, what: string): Promise<void> {
  const text = await answer.text()
  const right = answer.status >= 400 && answer.status < 500
  assert.ok(right, `${what}: answered ${answer.status} ${text.slice(0, 300)}`)
}

const SIGNATURE =
  /([?&](?:x-amz-signature|x-goog-signature|signature|sig)=)((?:%[0-9a-f]{2})*)([0-9a-z])/i

/** One character of the signature is another. */
export function forged(url: string): string {
  assert.match(url, SIGNATURE)
  return url.replace(SIGNATURE, (_, name: string, before: string, char: string) => {
    return `${name}${before}${char === '0' ? '1' : '0'}`
  })
}

/** Without the signature and all that belongs to it; a key that travels in the query stays. */
export function unsigned(url: string): string {
  const [path, query = ''] = url.split('?') as [string, string?]
  const key = query.split('&').find((pair) => pair.startsWith('key='))
  return key ? `${path}?${key}` : path
}

/** The same, for another key; both must be plain and equally long. */
export function retargeted(from: string, to: string): (url: string) => string {
  return (url) => {
    assert.ok(url.includes(from), 'the key is not in the URL as it is')
    return url.replace(from, to)
  }
}

/** Header names of a record, whatever their case. */
export function headerName(signed: Presigned, pattern: RegExp): string | undefined {
  return Object.keys(signed.headers).find((name) => pattern.test(name))
}

/** A clock by which a URL of 60 seconds has ended long ago. */
export const anHourAgo = (): number => Date.now() - 3_600_000
