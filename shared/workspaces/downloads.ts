// Signed downloads: which store, by a rule or by name, and a URL that needs no credentials. Nothing is asked of
// a store on the way unless the caller wants it verified, or the truth has moved and not everything with it; stores
// whose circuit is open are passed over, and the answer says why it is the one it is.

import type { Download, DownloadRequest, SignedRequest } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { SignGet } from '#shared/storage/signer.ts'
import type { Store } from '#shared/storage/store.ts'
import { encodePath } from '#shared/wire/sigv4.ts'
import { contentDisposition } from './disposition.ts'
import type { DownloadContext } from './download-context.ts'
import type { Ranking } from './ranking.ts'
import { rankStores } from './ranking.ts'
import type { IsDeleted } from './late.ts'
import type { Held, OriginOf } from './verified.ts'
import type { Workspace } from './workspace.ts'

export interface DownloadOptions {
  /** The URL goes into a redirect, which carries no headers: it needs none, and there are no fallbacks. */
  redirect?: boolean | undefined
  /** For a HEAD: the method is under the signature of most providers. */
  head?: boolean | undefined
  /** Asked for where it is to be verified. */
  originOf?: (() => Promise<OriginOf>) | undefined
  /** Asked for where a store is looked at that is not the truth. */
  isDeleted?: (() => Promise<IsDeleted>) | undefined
  signal?: AbortSignal | undefined
}

/** One download on its way: what was asked, and what will be signed whatever the store. */
interface Job {
  workspace: Workspace
  request: DownloadRequest
  options: DownloadOptions
  get: SignGet
}

/** A store to try; `held` once it has been looked at. */
interface Candidate {
  store: Store
  held?: Held | undefined
}

interface Signed {
  store: string
  request: SignedRequest
  expiresAt?: string | undefined
  expiresAtMost?: true | undefined
}

export async function signDownload(
  workspace: Workspace,
  request: DownloadRequest,
  context: DownloadContext,
  options: DownloadOptions = {},
): Promise<Download> {
  const job: Job = { workspace, request, options, get: toSign(workspace, request, options) }
  const ranked = rank(job, context)
  const ranking = skipOpen(ranked instanceof Promise ? await ranked : ranked, context)
  lookAhead(job, context)
  const late = workspace.late && request.version === undefined && (await lateOf(job, context))
  if (late) return signFirst(job, asCandidates(late.held), late.because)
  if (!request.verify)
    return signFirst(
      job,
      ranking.stores.map((store) => ({ store })),
      ranking.because,
    )
  const { lookAt } = await import('./verified.ts')
  const asked = {
    originOf: await options.originOf?.(),
    isDeleted: await options.isDeleted?.(),
    signal: options.signal,
  }
  const { held, because } = await lookAt(workspace, ranking, request, context, asked)
  return signFirst(job, asCandidates(held), because)
}

/** While a store that was the truth is caught up with, it is asked for what the truth lacks: loaded then. */
async function lateOf({ workspace, get, options }: Job, context: DownloadContext) {
  const { lookLate } = await import('./late.ts')
  const { isDeleted, signal } = options
  return lookLate(workspace, get.key, context, { isDeleted: await isDeleted?.(), signal })
}

function asCandidates(held: readonly Held[]): Candidate[] {
  return held.map((one) => ({ store: one.store, held: one }))
}

function toSign(workspace: Workspace, request: DownloadRequest, options: DownloadOptions): SignGet {
  const { downloads, name } = workspace
  const { key, expiresInSeconds = downloads.defaultExpirySeconds, range, version } = request
  if (expiresInSeconds > downloads.maxExpirySeconds) {
    const message = `A download of the workspace ${name} lasts ${downloads.maxExpirySeconds} seconds at most (downloads.maxExpiry), not ${expiresInSeconds}.`
    throw new StorageError('invalid', message, { key })
  }
  if (options.redirect && range) {
    const message = 'A redirect carries no Range header; send it with the request itself.'
    throw new StorageError('invalid', message, { key })
  }
  const disposition = contentDisposition(request.disposition, request.filename)
  const overridden = disposition !== undefined || request.contentType !== undefined
  return {
    ...{ action: options.head ? 'head' : 'get', key, expiresInSeconds, range, version },
    response: overridden
      ? { contentDisposition: disposition, contentType: request.contentType }
      : undefined,
  }
}

function rank({ workspace, request }: Job, context: DownloadContext): Ranking | Promise<Ranking> {
  const { primary, downloads } = workspace
  if (request.version === undefined) {
    return rankStores(workspace, request.from ?? downloads.from, context)
  }
  const { from = 'primary' } = request
  if (workspace.replicas.some(({ name }) => name === from)) {
    const message = `Versions are named by the primary, and ${from} is a replica; leave the version or the store out.`
    throw new StorageError('invalid', message, { store: from, key: request.key })
  }
  return { stores: [primary], because: 'it is the primary, which alone knows its versions' }
}

/** Those whose circuit is open go out, unless that leaves none. */
function skipOpen({ stores, because }: Ranking, { circuits }: DownloadContext): Ranking {
  const well = stores.filter(({ name }) => !circuits.isOpen(name))
  if (well.length === stores.length) return { stores, because }
  if (well.length === 0)
    return { stores, because: `${because}; the circuit of every store is open` }
  const [first] = stores
  if (well[0] === first) return { stores: well, because }
  return {
    stores: well,
    because: `the circuit of ${first!.name} is open, and ${well[0]!.name} is next`,
  }
}

/** After the answer: closes a circuit whose store is well again, and measures what nobody has used lately. */
function lookAhead({ workspace, request, get }: Job, context: DownloadContext): void {
  const { circuits, latencies } = context
  const fastest = (request.from ?? workspace.downloads.from) === 'fastest'
  const look = (store: Store) => {
    if (circuits.mayProbe(store.name)) context.background(store.find(get.key))
    else if (fastest && latencies.wantsLook(store.name)) context.background(measure(store, get.key))
  }
  look(workspace.primary)
  for (const replica of workspace.replicas) look(replica)
}

/** Twice, since the first answer of a store is not counted. */
async function measure(store: Store, key: string): Promise<void> {
  await store.find(key)
  await store.find(key)
}

async function signFirst(
  job: Job,
  candidates: readonly Candidate[],
  because: string,
): Promise<Download> {
  const refusals: StorageError[] = []
  for (const [index, candidate] of candidates.entries()) {
    try {
      const signed = await sign(job, candidate)
      const fallbacks = job.options.redirect ? [] : await signRest(job, candidates.slice(index + 1))
      return answer(job, candidate, signed, fallbacks, reasonOf(because, candidate, refusals))
    } catch (error) {
      // What is wrong with the request is wrong at every store.
      if (!(error instanceof StorageError) || error.kind === 'invalid') throw error
      refusals.push(error)
    }
  }
  throw refusals[0]!
}

async function signRest(
  job: Job,
  candidates: readonly Candidate[],
): Promise<Download['fallbacks']> {
  if (candidates.length === 0) return []
  const signed = await Promise.allSettled(candidates.map((candidate) => sign(job, candidate)))
  return signed.flatMap((one) => {
    if (one.status === 'rejected') return []
    const { store, request, expiresAt } = one.value
    return [{ store, request, expiresAt }]
  })
}

async function sign(
  { workspace, get, request, options }: Job,
  { store, held }: Candidate,
): Promise<Signed> {
  const { name } = store
  const cdn = workspace.downloads.cdn[name]
  if (cdn !== undefined && mayUseCdn(request))
    return { store: name, request: cdnRequest(cdn, store, get) }
  const ifMatch = options.redirect ? undefined : held?.info.etag
  const signed = await store.presign(ifMatch === undefined ? get : { ...get, ifMatch })
  const { method, url, headers, expiresAt, expiresAtMost } = signed
  return {
    ...{ store: name, request: { method, url, headers }, expiresAt: expiresAt.toISOString() },
    ...(expiresAtMost && { expiresAtMost }),
  }
}

/** A cache knows neither versions nor what the answer's headers shall be, and may hold what is no longer there. */
function mayUseCdn({
  version,
  disposition,
  filename,
  contentType,
  verify,
}: DownloadRequest): boolean {
  return [version, disposition, filename, contentType].every((one) => one === undefined) && !verify
}

/** Unsigned, and good for as long as the CDN serves it. */
function cdnRequest(base: string, store: Store, { key, range }: SignGet): SignedRequest {
  store.fullKey(key)
  return {
    method: 'GET',
    url: `${base.replace(/\/$/, '')}/${encodePath(key)}`,
    headers: range ? { range: `bytes=${range.first}-${range.last}` } : {},
  }
}

function reasonOf(
  because: string,
  { store }: Candidate,
  refusals: readonly StorageError[],
): string {
  if (refusals.length === 0) return because
  const why = refusals.map(({ message }) => message).join(' ')
  return `${store.name} is the first that can sign it: ${why}`
}

function answer(
  { workspace, get, request }: Job,
  { store, held }: Candidate,
  signed: Signed,
  fallbacks: Download['fallbacks'],
  because: string,
): Download {
  const cached = workspace.downloads.cdn[store.name] !== undefined && mayUseCdn(request)
  const unproven = held === undefined ? store !== workspace.primary : !held.current
  return {
    key: get.key,
    ...signed,
    maybeStale: cached || unproven,
    because: cached ? `${because}, through its CDN` : because,
    fallbacks,
    ...(held && { object: objectOf(held) }),
  }
}

function objectOf({ info }: Held): NonNullable<Download['object']> {
  return { size: info.size, etag: info.etag, modified: info.modified.toISOString() }
}
