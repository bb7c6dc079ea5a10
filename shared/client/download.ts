// Signs a download and makes the request. Where the store does not answer, the next that may hold the object
// does; that it has no such object is an answer.

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
  const { store, request, fallbacks } = await api.call<Download>('POST', 'downloads', {
    body,
    signal,
  })
  const sources = [{ store, request }, ...fallbacks]
  async function tryAll(): Promise<Response> {
    let failure: unknown
    for (const source of sources) {
      try {
        return await read(
          fetchNow,
          source.request,
          `"${key}" of the store "${source.store}"`,
          signal,
        )
      } catch (error) {
        if (!(error instanceof SkeinError && error.passing)) throw error
        failure = error
      }
    }
    throw failure
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
