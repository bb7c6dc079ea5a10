// The portable store: what every caller uses, whatever the cloud. It owns, once for all drivers, what a
// driver must not have to think of: the prefix, valid keys and metadata, the refusal of what this store
// cannot do, time limits, retries, abort signals, and names in errors. The driver is opened at first use.

import type { Platform } from '#shared/platform.ts'
import { DEFAULT_RETRY } from '#shared/wire/retry.ts'
import type { Body } from './body.ts'
import { toSource } from './body.ts'
import type { CallOptions, Observation } from './call.ts'
import { call } from './call.ts'
import type { Capabilities } from './capabilities.ts'
import type { ProviderRow } from './compatibility.ts'
import type {
  ByteRange,
  Checksum,
  CopySource,
  DeleteResult,
  DeleteTarget,
  Driver,
  ListPage,
  ListedObject,
  ObjectInfo,
  ObjectProperties,
  PutMode,
} from './contract.ts'
import { StorageError, absentAlone } from './errors.ts'
import type { StoreGroups } from './groups.ts'
import { openGroups } from './groups.ts'
import {
  checkEtag,
  checkMode,
  checkProperties,
  checkSigning,
  checkSize,
  checkVersion,
  refuse,
} from './guard.ts'
import { RESERVED_PREFIX, checkKey } from './keys.ts'
import type { Opening } from './opening.ts'
import { DEFAULT_TIMEOUTS, DEFAULT_TRANSFER } from './options.ts'
import { openBody } from './reading.ts'
import type { Presigned, SignRequest, Signer } from './signer.ts'
import { writeObject } from './writing.ts'

export interface CallerOptions {
  signal?: AbortSignal | undefined
}

export interface WriteOptions extends CallerOptions, ObjectProperties {
  mode?: PutMode | undefined
  checksum?: Checksum | undefined
  /** The length of a bare stream, where the caller knows it. */
  size?: number | undefined
  /** Bytes that have left for the store so far; counts down again when a part is sent again. */
  onProgress?: ((bytes: number) => void) | undefined
}

export interface ReadBody {
  info: ObjectInfo
  /** The stored bytes. A connection that breaks on the way is taken up again where it broke, or the stream fails. */
  body: ReadableStream<Uint8Array>
}

export interface ListQuery extends CallerOptions {
  prefix?: string | undefined
  delimiter?: string | undefined
  after?: string | undefined
  cursor?: string | undefined
  limit?: number | undefined
}

export interface StoreParts {
  opening: Opening
  region?: string | undefined
  home?: string | undefined
  signer?: Signer
  driver: () => Promise<Driver>
}

export class Store {
  readonly name: string
  readonly row: ProviderRow
  readonly bucket: string
  /** Where the provider has regions. */
  readonly region: string | undefined
  /** The provider's account or server, as far as it is known: stores of one home can be copied between by the provider. */
  readonly home: string | undefined
  /** Empty, or ending in a slash; keys are given and come back without it. */
  readonly prefix: string
  readonly capabilities: Capabilities
  readonly transfer: Readonly<typeof DEFAULT_TRANSFER>
  readonly timeouts: Readonly<typeof DEFAULT_TIMEOUTS>
  /** Each attempt of each call, for meters and logs. */
  observe: ((observation: Observation) => void) | undefined
  /** Each request that is signed, by what it will do. */
  signed: ((action: string) => void) | undefined
  readonly #parts: StoreParts
  readonly #mayBeReserved: boolean
  readonly #retry: typeof DEFAULT_RETRY
  #groups: StoreGroups | undefined
  #driver: Promise<Driver> | undefined

  constructor(parts: StoreParts, mayBeReserved = false) {
    const { address, name, capabilities, options } = parts.opening
    this.#parts = parts
    this.#mayBeReserved = mayBeReserved
    this.name = name
    this.row = address.row
    this.bucket = address.bucket
    this.region = parts.region
    this.home = parts.home
    this.prefix = address.prefix
    this.capabilities = capabilities
    this.transfer = { ...DEFAULT_TRANSFER, ...defined(options.transfer) }
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...defined(options.timeouts) }
    this.#retry = { ...DEFAULT_RETRY, ...defined(options.retry) }
  }

  /** What it was opened from, for what works on the bucket itself; it holds credentials. */
  get opening(): Opening {
    return this.#parts.opening
  }

  /** Parts, versions, classes, tags and retention, where the store has them; else each call is refused. */
  get groups(): StoreGroups {
    return (this.#groups ??= openGroups(this))
  }

  /** The same store, for Skein's own state under `.skein/`, which others can neither see nor touch. */
  reserved(): Store {
    const reserved = new Store(this.#parts, true)
    reserved.observe = this.observe
    reserved.signed = this.signed
    return reserved
  }

  async head(key: string, options: CallerOptions & { version?: string } = {}): Promise<ObjectInfo> {
    const full = this.fullKey(key)
    const { version } = options
    checkVersion(this.subject(key), version)
    const info = await this.call(
      { operation: 'head', key, signal: options.signal },
      (driver, signal) => driver.head(full, { version, signal }),
    )
    return this.strip(info)
  }

  /** `head`, or undefined where there is no such object. */
  async find(
    key: string,
    options: CallerOptions & { version?: string } = {},
  ): Promise<ObjectInfo | undefined> {
    return this.head(key, options).catch(absentAlone)
  }

  async get(
    key: string,
    options: CallerOptions & { range?: ByteRange; ifMatch?: string; version?: string } = {},
  ): Promise<ReadBody> {
    const full = this.fullKey(key)
    checkRange(options.range, this.name, key)
    checkVersion(this.subject(key), options.version)
    checkEtag(this.subject(key), options.ifMatch)
    const open = (range: ByteRange | undefined, ifMatch: string | undefined) =>
      this.call({ operation: 'get', key, signal: options.signal }, (driver, signal) =>
        driver.get(full, { version: options.version, range, ifMatch, signal }),
      )
    const watch = {
      store: this.name,
      key,
      idleSeconds: this.timeouts.idleSeconds,
      attempts: this.#retry.attempts,
    }
    const result = await openBody(open, options, watch)
    return { info: this.strip(result.info), body: result.body }
  }

  /** All or nothing: single write, or parts for what is large or of unknown length. */
  async put(key: string, body: Body, options: WriteOptions = {}): Promise<ObjectInfo> {
    try {
      const full = this.fullKey(key)
      const source = toSource(body, options.size)
      const subject = this.subject(key)
      checkProperties(subject, options)
      checkSize(subject, source.size)
      return this.strip(await writeObject({ store: this, key, full, source, options }))
    } catch (error) {
      // What feeds a stream that nobody has begun to read would wait for ever.
      if (body instanceof ReadableStream) void body.cancel(error).catch(() => undefined)
      throw error
    }
  }

  /** One result a target, in order; a key that is not there counts as deleted. */
  async delete(
    targets: string | readonly (string | DeleteTarget)[],
    options: CallerOptions = {},
  ): Promise<DeleteResult[]> {
    const list = (typeof targets === 'string' ? [targets] : targets).map((target) => {
      const one: DeleteTarget = typeof target === 'string' ? { key: target } : target
      checkVersion(this.subject(one.key), one.version)
      checkEtag(this.subject(one.key), one.ifMatch)
      return { ...one, key: this.fullKey(one.key) }
    })
    const conditional = list.some((target) => target.ifMatch !== undefined)
    const { batch, match } = this.capabilities.delete
    if (conditional && !match) refuse(this.subject(''), 'delete only if the object is unchanged')
    const results: DeleteResult[] = []
    for (let first = 0; first < list.length; first += batch) {
      const some = list.slice(first, first + batch)
      const key = some.length === 1 ? some[0]!.key.slice(this.prefix.length) : undefined
      const page = await this.call(
        { operation: 'delete', key, conditional, signal: options.signal },
        (driver, signal) => driver.delete(some, { signal }),
      )
      results.push(...page.map((result) => this.strip(result)))
    }
    return results
  }

  async list(options: ListQuery = {}): Promise<ListPage> {
    const { maxKeys } = this.capabilities.list
    const { delimiter, after, cursor, limit = maxKeys } = options
    if (!Number.isInteger(limit) || limit < 1) {
      throw new StorageError(
        'invalid',
        `A page holds a whole number of keys from 1, not ${limit}.`,
        { store: this.name },
      )
    }
    const query = {
      prefix: this.prefix + (options.prefix ?? '') || undefined,
      delimiter: delimiter || undefined,
      after: after ? this.prefix + after : undefined,
      cursor,
      limit: Math.min(limit, maxKeys),
    }
    const page = await this.call({ operation: 'list', signal: options.signal }, (driver, signal) =>
      driver.list({ ...query, signal }),
    )
    return {
      objects: this.shown(page.objects),
      prefixes: page.prefixes.map((p) => p.slice(this.prefix.length)).filter((p) => this.#shows(p)),
      cursor: page.cursor,
    }
  }

  /** Every object, page by page. */
  async *listAll(
    options: Omit<ListQuery, 'cursor' | 'delimiter'> = {},
  ): AsyncGenerator<ListedObject> {
    let cursor: string | undefined
    do {
      const page: ListPage = await this.list({ ...options, cursor })
      yield* page.objects
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  /** At the provider, within this store. Metadata, headers and tags travel unless `properties` replaces them. */
  async copy(
    from: string | CopySource,
    key: string,
    options: CallerOptions & {
      mode?: PutMode
      properties?: ObjectProperties
      storageClass?: string
    } = {},
  ): Promise<ObjectInfo> {
    const source = typeof from === 'string' ? { key: from } : from
    const full = { from: { ...source, key: this.fullKey(source.key) }, to: this.fullKey(key) }
    const { mode = 'overwrite', properties, storageClass } = options
    const subject = this.subject(key)
    const can = this.capabilities.copy ?? refuse(subject, 'copy objects by itself')
    checkMode(subject, mode, can, 'copy')
    checkVersion(subject, source.version)
    if (source.ifMatch !== undefined && !can.sourceMatch)
      refuse(subject, 'copy only if the source is unchanged')
    checkEtag(subject, source.ifMatch)
    checkProperties(subject, {
      ...properties,
      storageClass: storageClass ?? properties?.storageClass,
    })
    const info = await this.call(
      {
        operation: 'copy',
        key,
        conditional: mode !== 'overwrite',
        timeoutSeconds: this.timeouts.copySeconds,
        signal: options.signal,
      },
      (driver, signal) =>
        driver.copy(full.from, full.to, { mode, properties, storageClass, signal }),
    )
    return this.strip(info)
  }

  /** No network but a credential's refresh, no driver. */
  presign(request: SignRequest): Promise<Presigned> {
    try {
      const { signer } = this.#parts
      const subject = this.subject(request.key)
      if (signer === undefined) refuse(subject, 'sign URLs')
      const key = this.fullKey(request.key)
      checkSigning(subject, request)
      this.signed?.(request.action)
      return signer.presign(this.prefix === '' ? request : { ...request, key })
    } catch (error) {
      // By hand, since `async` would cost the hot path a promise more.
      return Promise.reject(error)
    }
  }

  /** Lets go of sockets and handles. */
  async close(): Promise<void> {
    const driver = await this.#driver
    await driver?.close?.()
  }

  /** Digests of bytes on their way to or from it, by a thread of the platform's where it has any. */
  get startInThread(): Platform['startInThread'] {
    return this.#parts.opening.platform.startInThread
  }

  // What the store's other files build on.

  /** One call to the driver, with this store's limits, retries and name. */
  call<T>(
    options: CallOptions,
    run: (driver: Driver, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { now } = this.#parts.opening.platform
    const caller = { store: this.name, retry: this.#retry, observe: this.observe, now }
    const timeoutSeconds =
      'timeoutSeconds' in options ? options.timeoutSeconds : this.timeouts.requestSeconds
    return call(caller, { ...options, timeoutSeconds }, async (signal) =>
      run(await this.#open(), signal),
    )
  }

  /** The key with the store's prefix, once it has been found fit. */
  fullKey(key: string): string {
    const { maxBytes } = this.capabilities.keys
    const room = this.prefix === '' ? maxBytes : maxBytes - this.#prefixBytes()
    checkKey(key, this.name, room, this.#mayBeReserved)
    return this.prefix + key
  }

  subject(key: string): { store: string; key: string; capabilities: Capabilities } {
    return { store: this.name, key, capabilities: this.capabilities }
  }

  strip<T extends { key: string }>(item: T): T {
    return this.prefix === '' ? item : { ...item, key: item.key.slice(this.prefix.length) }
  }

  /** What a listing may tell, by the keys that callers know. */
  shown<T extends { key: string }>(items: readonly T[]): T[] {
    return items.map((item) => this.strip(item)).filter(({ key }) => this.#shows(key))
  }

  #prefixBytes(): number {
    return new TextEncoder().encode(this.prefix).length
  }

  #shows(key: string): boolean {
    return this.#mayBeReserved || !key.startsWith(RESERVED_PREFIX)
  }

  async #open(): Promise<Driver> {
    this.#driver ??= this.#parts.driver()
    try {
      return await this.#driver
    } catch (error) {
      this.#driver = undefined
      throw error
    }
  }
}

function checkRange(range: ByteRange | undefined, store: string, key: string): void {
  if (range === undefined) return
  const { first, last = first } = range
  if (Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && last >= first)
    return
  throw new StorageError(
    'invalid',
    `The range ${first}-${range.last ?? ''} is not one: first and last byte, from 0.`,
    { store, key },
  )
}

function defined<T extends object>(
  options: T | undefined,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
