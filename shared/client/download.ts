// Signs a download and makes the request. Where the store does not answer, the next that may hold the object
// does. That there is no such object is an answer of the primary's; a copy that lacks it may only lag.

import type { Api } from './api.ts'
import type { Patience } from './backoff.ts'
import { retry } from './backoff.ts'
import { SkeinError, networkError } from './errors.ts'
import type { Download, DownloadRequest, SignedRequest } from './protocol.ts'
import { checkAnswer } from './sending.ts'

export interface DownloadOptions extends Omit<DownloadRequest, 'key'> {
  signal?: AbortSignal | undefined
}

interface Reader {
  api: Api
  fetch: typeof fetch
  patience: Patience
}

export async function download(
  { api, fetch: fetchNow, patience }: Reader,
  key: string,
  { signal, ...asked }: DownloadOptions,
): Promise<Response> {
  const body = { ...asked, key }
  const { store, request, maybeStale, fallbacks } = await api.call<Download>('POST', 'downloads', {
    body,
    signal,
  })
  const sources = [{ store, request }, ...fallbacks]
  async function tryAll(): Promise<Response> {
    const failures: SkeinError[] = []
    for (const source of sources) {
      const what = `"${key}" of the store "${source.store}"`
      try {
        return await read(fetchNow, source.request, what, signal)
      } catch (error) {
        if (!(error instanceof SkeinError)) throw error
        const mayLag = maybeStale || failures.length > 0
        if (!error.passing && !(mayLag && error.kind === 'not-found')) throw error
        failures.push(error)
      }
    }
    // What may be where nobody answers is not known to be missing.
    throw failures.find(({ passing }) => passing) ?? failures[0]
  }
  return retry(tryAll, patience, signal)
}

async function read(
  fetchNow: typeof fetch,
  { method, url, headers }: SignedRequest,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const init: RequestInit = { method, headers, signal: signal ?? null }
  const response = await fetchNow(url, {
    ...init,
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  }).catch((error: unknown) => {
    throw networkError('The store', error, signal)
  })
  if (response.ok) return response
  const text = await response.text().catch(() => '')
  const header = (name: string) => response.headers.get(name)
  checkAnswer({ status: response.status, header, text }, what)
  return response
}
