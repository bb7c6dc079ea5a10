// What a browser or a Node app imports: uploads, downloads and lists of one workspace. The bytes go straight
// between the app and the stores, by requests that Skein has signed; the token is shown to Skein alone.
// No dependencies; what it needs is `fetch`, and in pages XMLHttpRequest.

import { createApi } from './api.ts'
import type { Patience } from './backoff.ts'
import { DEFAULT_PATIENCE } from './backoff.ts'
import type { DownloadOptions } from './download.ts'
import { download } from './download.ts'
import type { ListOptions } from './list.ts'
import { listAll, listPage } from './list.ts'
import type {
  CompletedObject,
  DeleteResponse,
  Download,
  DownloadRequest,
  ListedObject,
  ObjectDescription,
  ObjectList,
} from './protocol.ts'
import type { Uploadable } from './source.ts'
import { createTransport } from './transport.ts'
import type { UploadOptions } from './upload.ts'
import { upload } from './upload.ts'

export type * from './protocol.ts'
export { SkeinError } from './errors.ts'
export type { SkeinErrorKind } from './errors.ts'
export type { DownloadOptions, ListOptions, Patience, Uploadable, UploadOptions }
export type { UploadProgress } from './progress.ts'
export type { ResumeStore } from './resume.ts'

export interface SkeinClientOptions {
  /** Where Skein is, such as `https://files.example.com`. */
  endpoint: string
  workspace: string
  token?: string | undefined
  /** In place of `token`: asked before each request. */
  getToken?: (() => string | Promise<string>) | undefined
  /** In place of the global one; a page's uploads then tell their progress only part by part. */
  fetch?: typeof fetch | undefined
  patience?: Partial<Patience> | undefined
}

export interface SkeinClient {
  /** Resolves when Skein has verified what arrived. */
  upload(key: string, file: Uploadable, options?: UploadOptions): Promise<CompletedObject>
  /** The store's own answer; from another store when the first does not answer. */
  download(key: string, options?: DownloadOptions): Promise<Response>
  /** A signed URL, for a link or a player. */
  signDownload(request: DownloadRequest, signal?: AbortSignal): Promise<Download>
  /** All of them, page by page as they are asked for. */
  list(options?: ListOptions): AsyncGenerator<ListedObject, void, undefined>
  listPage(options?: ListOptions): Promise<ObjectList>
  /** With what each store holds. */
  describe(key: string, signal?: AbortSignal): Promise<ObjectDescription>
  remove(key: string, from?: 'all' | 'primary', signal?: AbortSignal): Promise<DeleteResponse>
}

export function createSkeinClient(options: SkeinClientOptions): SkeinClient {
  const { endpoint, workspace, token, getToken } = options
  const fetchNow: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const patience = { ...DEFAULT_PATIENCE, ...options.patience }
  const tokenNow = getToken ?? (() => token ?? '')
  const api = createApi({ endpoint, workspace, token: tokenNow, fetch: fetchNow, patience })
  const connection = { api, send: createTransport(options.fetch), patience }
  return {
    upload: (key, file, more = {}) => upload(connection, key, file, more),
    download: (key, more = {}) => download({ api, fetch: fetchNow, patience }, key, more),
    signDownload: (body, signal) => api.call('POST', 'downloads', { body, signal }),
    list: (more = {}) => listAll(api, more),
    listPage: (more = {}) => listPage(api, more),
    describe: (key, signal) => api.call('GET', 'object', { query: { key }, signal }),
    remove: (key, from, signal) => api.call('DELETE', 'object', { query: { key, from }, signal }),
  }
}
