// The groups that not every store has: parts, versions, classes, tags, retention. Each is here on every
// store; where the capability record has none, a call is refused before any request is made.

import type {
  BeginOptions,
  Checksum,
  ClassesDriver,
  Driver,
  MultipartDriver,
  ObjectInfo,
  ObjectPart,
  ObjectProperties,
  ObjectVersion,
  Part,
  PutMode,
  Retention,
  RetentionDriver,
  TagsDriver,
  UnfinishedUpload,
  VersionsDriver,
} from './contract.ts'
import type { Body } from './body.ts'
import { toSource } from './body.ts'
import { StorageError } from './errors.ts'
import {
  checkChecksum,
  checkClass,
  checkMode,
  checkProperties,
  checkTags,
  checkVersion,
  refuse,
} from './guard.ts'
import type { CallerOptions, Store } from './store.ts'
import { Progress, send } from './writing.ts'

type Versioned = CallerOptions & { version?: string | undefined }
type Paged = CallerOptions & {
  prefix?: string | undefined
  cursor?: string | undefined
  limit?: number | undefined
}

export interface StoreGroups {
  multipart: {
    begin(
      key: string,
      options?: CallerOptions & Partial<Omit<BeginOptions, 'signal'>>,
    ): Promise<string>
    part(
      key: string,
      uploadId: string,
      partNumber: number,
      body: Body,
      options?: CallerOptions & { checksum?: Checksum; size?: number },
    ): Promise<Part>
    complete(
      key: string,
      uploadId: string,
      parts: Part[],
      options?: CallerOptions & ObjectProperties & { mode?: PutMode; checksum?: Checksum },
    ): Promise<ObjectInfo>
    abort(key: string, uploadId: string, options?: CallerOptions): Promise<void>
    /** All of them, in order of number. */
    listParts(key: string, uploadId: string, options?: CallerOptions): Promise<Part[]>
    /** Those that an object was put together from, where the store still tells; else none. */
    partsOf(key: string, options?: Versioned): Promise<ObjectPart[]>
    listUploads(
      options?: Omit<Paged, 'limit'>,
    ): Promise<{ uploads: UnfinishedUpload[]; cursor?: string | undefined }>
  }
  versions: {
    list(options?: Paged): Promise<{ versions: ObjectVersion[]; cursor?: string | undefined }>
  }
  classes: {
    set(key: string, storageClass: string, options?: Versioned): Promise<void>
    restore(key: string, options?: Versioned & { days?: number }): Promise<void>
  }
  tags: {
    get(key: string, options?: Versioned): Promise<Record<string, string>>
    set(key: string, tags: Record<string, string>, options?: Versioned): Promise<void>
  }
  retention: {
    get(
      key: string,
      options?: Versioned,
    ): Promise<{ retention?: Retention | undefined; hold: boolean }>
    set(key: string, retention: Retention, options?: Versioned): Promise<void>
    hold(key: string, hold: boolean, options?: Versioned): Promise<void>
  }
}

export function openGroups(store: Store): StoreGroups {
  return {
    multipart: multipartGroup(store),
    versions: versionsGroup(store),
    classes: classesGroup(store),
    tags: tagsGroup(store),
    retention: retentionGroup(store),
  }
}

/** The driver's group, which the capability record has promised. */
function group<T>(found: T | undefined, store: Store, what: string): T {
  return found ?? refuse(store.subject(''), what)
}

const LIST_PARTS = 'list the parts of an upload'
const LIST_UPLOADS = 'list unfinished uploads'

function multipartGroup(store: Store): StoreGroups['multipart'] {
  const able = (key: string) =>
    store.capabilities.multipart ?? refuse(store.subject(key), 'take uploads in parts')
  const of = (driver: Driver): MultipartDriver =>
    group(driver.multipart, store, 'take uploads in parts')
  return {
    async begin(key, options = {}) {
      const limits = able(key)
      const { signal, mode = 'overwrite', ...properties } = options
      checkMode(store.subject(key), mode, limits, 'commit a multipart upload')
      checkProperties(store.subject(key), properties)
      const full = store.fullKey(key)
      return store.call({ operation: 'begin', key, signal }, (driver, s) =>
        of(driver).begin(full, { ...properties, mode, signal: s }),
      )
    },
    async part(key, uploadId, partNumber, body, options = {}) {
      const limits = able(key)
      const full = store.fullKey(key)
      checkPartNumber(store, key, partNumber, limits.maxParts)
      checkChecksum(store.subject(key), options.checksum)
      const source = toSource(body, options.size)
      const write = { store, key, options: { signal: options.signal } }
      return send(
        write,
        { operation: 'part', source },
        new Progress(write),
        (driver, content, signal) =>
          of(driver).part(full, uploadId, partNumber, content, {
            signal,
            checksum: options.checksum,
          }),
      )
    },
    async complete(key, uploadId, parts, options = {}) {
      const limits = able(key)
      const { signal, mode = 'overwrite', ...rest } = options
      checkMode(store.subject(key), mode, limits, 'commit a multipart upload')
      checkProperties(store.subject(key), rest)
      checkChecksum(store.subject(key), rest.checksum)
      const full = store.fullKey(key)
      const info = await store.call(
        { operation: 'complete', key, signal, conditional: mode !== 'overwrite' },
        (driver, s) => of(driver).complete(full, uploadId, parts, { ...rest, mode, signal: s }),
      )
      return store.strip(info)
    },
    async abort(key, uploadId, options = {}) {
      able(key)
      const full = store.fullKey(key)
      return store.call({ operation: 'abort', key, signal: options.signal }, (driver, signal) =>
        of(driver).abort(full, uploadId, { signal }),
      )
    },
    async listParts(key, uploadId, options = {}) {
      if (!able(key).listParts) refuse(store.subject(key), LIST_PARTS)
      const full = store.fullKey(key)
      const all: Part[] = []
      let cursor: string | undefined
      do {
        const page = await store.call(
          { operation: 'list-parts', key, signal: options.signal },
          (driver, signal) => {
            const found = of(driver)
            if (!found.listParts) refuse(store.subject(key), LIST_PARTS)
            return found.listParts(full, uploadId, { cursor, signal })
          },
        )
        all.push(...page.parts)
        cursor = page.cursor
      } while (cursor !== undefined)
      return all
    },
    async partsOf(key, { version, signal } = {}) {
      if (!store.capabilities.multipart) return []
      const full = store.fullKey(key)
      checkVersion(store.subject(key), version)
      return store.call(
        { operation: 'parts-of', key, signal },
        async (driver, s) =>
          (await driver.multipart?.partsOf?.(full, { version, signal: s })) ?? [],
      )
    },
    async listUploads({ prefix = '', cursor, signal } = {}) {
      if (!able('').listUploads) refuse(store.subject(''), LIST_UPLOADS)
      const page = await store.call({ operation: 'list-uploads', signal }, (driver, s) => {
        const found = of(driver)
        if (!found.listUploads) refuse(store.subject(''), LIST_UPLOADS)
        const within = store.prefix + prefix || undefined
        return found.listUploads({ prefix: within, cursor, signal: s })
      })
      return { ...page, uploads: store.shown(page.uploads) }
    },
  }
}

function checkPartNumber(store: Store, key: string, partNumber: number, most: number): void {
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= most) return
  const message = `Parts of ${store.name} are numbered from 1 to ${most}, not ${partNumber}.`
  throw new StorageError('invalid', message, { store: store.name, key })
}

function versionsGroup(store: Store): StoreGroups['versions'] {
  const cannot = 'keep versions'
  const of = (driver: Driver): VersionsDriver => group(driver.versions, store, cannot)
  return {
    async list({ prefix = '', cursor, limit, signal } = {}) {
      if (!store.capabilities.versions) refuse(store.subject(''), cannot)
      const page = await store.call({ operation: 'list-versions', signal }, (driver, s) =>
        of(driver).list({ prefix: store.prefix + prefix || undefined, cursor, limit, signal: s }),
      )
      return { ...page, versions: store.shown(page.versions) }
    },
  }
}

const NOTHING_ARCHIVED = 'restore: nothing is ever archived there'

function classesGroup(store: Store): StoreGroups['classes'] {
  const of = (driver: Driver): ClassesDriver =>
    group(driver.classes, store, 'change the class of an object')
  return {
    async set(key, storageClass, { version, signal } = {}) {
      checkVersion(store.subject(key), version)
      checkClass(store.subject(key), storageClass)
      const full = store.fullKey(key)
      return store.call({ operation: 'set-class', key, signal }, (driver, s) =>
        of(driver).setClass(full, storageClass, { version, signal: s }),
      )
    },
    async restore(key, { version, days, signal } = {}) {
      checkVersion(store.subject(key), version)
      if (store.capabilities.classes.length === 0) refuse(store.subject(key), NOTHING_ARCHIVED)
      const full = store.fullKey(key)
      return store.call({ operation: 'restore', key, signal }, (driver, s) => {
        const classes = of(driver)
        if (classes.restore === undefined) refuse(store.subject(key), NOTHING_ARCHIVED)
        return classes.restore(full, { version, days, signal: s })
      })
    },
  }
}

function tagsGroup(store: Store): StoreGroups['tags'] {
  const of = (driver: Driver): TagsDriver => group(driver.tags, store, 'tag objects')
  const able = (key: string) => store.capabilities.tags ?? refuse(store.subject(key), 'tag objects')
  return {
    async get(key, { version, signal } = {}) {
      able(key)
      checkVersion(store.subject(key), version)
      const full = store.fullKey(key)
      return store.call({ operation: 'get-tags', key, signal }, (driver, s) =>
        of(driver).get(full, { version, signal: s }),
      )
    },
    async set(key, tags, { version, signal } = {}) {
      able(key)
      checkVersion(store.subject(key), version)
      checkTags(store.subject(key), tags)
      const full = store.fullKey(key)
      return store.call({ operation: 'set-tags', key, signal }, (driver, s) =>
        of(driver).set(full, tags, { version, signal: s }),
      )
    },
  }
}

function retentionGroup(store: Store): StoreGroups['retention'] {
  const cannot = 'lock objects'
  const of = (driver: Driver): RetentionDriver => group(driver.retention, store, cannot)
  const run = async <T>(
    operation: string,
    key: string,
    options: Versioned,
    act: (
      driver: RetentionDriver,
      full: string,
      call: { version?: string | undefined; signal: AbortSignal },
    ) => Promise<T>,
  ): Promise<T> => {
    if (!store.capabilities.retention) refuse(store.subject(key), cannot)
    const full = store.fullKey(key)
    const { version, signal } = options
    checkVersion(store.subject(key), version)
    return store.call({ operation, key, signal }, (driver, s) =>
      act(of(driver), full, { version, signal: s }),
    )
  }
  return {
    get: (key, options = {}) =>
      run('get-retention', key, options, (driver, full, o) => driver.get(full, o)),
    set: (key, retention, options = {}) =>
      run('set-retention', key, options, (driver, full, o) =>
        driver.setRetention(full, retention, o),
      ),
    hold: (key, hold, options = {}) =>
      run('set-hold', key, options, (driver, full, o) => driver.setHold(full, hold, o)),
  }
}
