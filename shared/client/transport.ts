// Sends a signed request to a store exactly as it was signed, and nothing of ours with it: no token, no
// cookie, no referrer. In a page by XMLHttpRequest, which alone tells how far an upload is; elsewhere by fetch.

import { networkError } from './errors.ts'
import type { SignedRequest } from './protocol.ts'

export interface Answer {
  status: number
  /** Null where there is none, or the bucket's CORS rule does not show it. */
  header(name: string): string | null
  text: string
}

export interface Sending {
  signed: Pick<SignedRequest, 'method' | 'url' | 'headers'>
  body: Blob | FormData | undefined
  /** Bytes that have left, of the body as it is sent. */
  onProgress?: ((sentBytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export type Transport = (sending: Sending) => Promise<Answer>

const WHAT = 'The store'

/** The browser's own to say, and elsewhere known from the body: a second one would be an error. */
const OWN_HEADERS = new Set(['content-length', 'host'])

export function createTransport(givenFetch: typeof fetch | undefined): Transport {
  if (givenFetch === undefined && typeof XMLHttpRequest === 'function') return sendByXhr
  return (sending) => sendByFetch(givenFetch ?? fetch, sending)
}

function headersOf({ headers }: Sending['signed']): [string, string][] {
  return Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()))
}

async function sendByFetch(
  fetchNow: typeof fetch,
  { signed, body, signal }: Sending,
): Promise<Answer> {
  try {
    const response = await fetchNow(signed.url, {
      method: signed.method,
      headers: headersOf(signed),
      body: body ?? null,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: signal ?? null,
    })
    const text = await response.text()
    return { status: response.status, header: (name) => response.headers.get(name), text }
  } catch (error) {
    throw networkError(WHAT, error, signal)
  }
}

/** No byte has moved for so long: the connection is dead, and the browser does not know. */
const STALLED_MILLISECONDS = 120_000

function sendByXhr({ signed, body, onProgress, signal }: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const request = new XMLHttpRequest()
    const cancel = () => request.abort()
    let watch = setTimeout(cancel, STALLED_MILLISECONDS)
    const alive = () => {
      clearTimeout(watch)
      watch = setTimeout(cancel, STALLED_MILLISECONDS)
    }
    const fail = () => reject(networkError(WHAT, undefined, signal))
    request.open(signed.method, signed.url)
    for (const [name, value] of headersOf(signed)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded }) => {
      alive()
      onProgress?.(loaded)
    })
    request.addEventListener('load', () => {
      const { status, responseText: text } = request
      resolve({ status, text, header: headerReader(request.getAllResponseHeaders()) })
    })
    request.addEventListener('error', fail)
    request.addEventListener('abort', fail)
    request.addEventListener('loadend', () => {
      clearTimeout(watch)
      signal?.removeEventListener('abort', cancel)
    })
    signal?.addEventListener('abort', cancel, { once: true })
    request.send(body ?? null)
  })
}

/** Asking for one that the page may not read would be written to the console as an error. */
function headerReader(all: string): Answer['header'] {
  const pairs = all.split('\r\n').map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const headers = new Map(pairs)
  return (name) => headers.get(name) ?? null
}
