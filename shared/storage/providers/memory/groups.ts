// The optional groups of a memory: uploads in parts, versions, an ARCHIVE class whose objects do not read
// until they are restored, tags, retention. What changes an object beside its bytes changes it in place.

import { digestOf } from '#shared/wire/digest.ts'
import { concat } from '../../body.ts'
import type {
  ClassesDriver,
  MultipartDriver,
  ObjectVersion,
  Part,
  RetentionDriver,
  TagsDriver,
  VersionsDriver,
} from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { compareUtf8, quoteKey } from '../../keys.ts'
import { corrupt, unknownUpload, wrongPart } from '../refusals.ts'
import type { Upload, Version } from './bucket.ts'
import type { Memory } from './objects.ts'
import { checkReadable, readContent, toInfo, toListed } from './objects.ts'

const DAY_MILLISECONDS = 86_400_000
const PAGE = 1000

export function multipartGroup(memory: Memory): MultipartDriver {
  const { bucket, store } = memory
  const find = (key: string, uploadId: string): Upload => {
    const upload = bucket.uploads.get(uploadId)
    if (upload?.key === key) return upload
    throw unknownUpload(store, key)
  }
  return {
    async begin(key, options) {
      const { signal, mode: _mode, checksum: _checksum, ...properties } = options
      signal.throwIfAborted()
      const uploadId = bucket.nextName()
      const begun = new Date(memory.now())
      const copied = structuredClone(properties)
      bucket.uploads.set(uploadId, { key, uploadId, begun, properties: copied, parts: new Map() })
      return uploadId
    },

    async part(key, uploadId, partNumber, content, { checksum, signal }) {
      find(key, uploadId)
      const bytes = await readContent(store, key, content, signal)
      if (checksum && digestOf(checksum.algorithm, bytes) !== checksum.value) {
        throw corrupt(store, key)
      }
      const part: Part = { partNumber, size: bytes.length, etag: bucket.nextName() }
      if (checksum) part.checksum = { ...checksum }
      find(key, uploadId).parts.set(partNumber, { part, bytes })
      return { ...part }
    },

    async complete(key, uploadId, parts, { signal, mode, checksum }) {
      signal.throwIfAborted()
      const upload = find(key, uploadId)
      const bytes = join(store, upload, parts)
      const version = memory.write(key, bytes, { ...upload.properties, mode, checksum })
      bucket.uploads.delete(uploadId)
      return toInfo(version, memory.now())
    },

    async abort(key, uploadId) {
      if (bucket.uploads.get(uploadId)?.key === key) bucket.uploads.delete(uploadId)
    },

    async listParts(key, uploadId, { cursor = '0' }) {
      const all = [...find(key, uploadId).parts.values()].map(({ part }) => ({ ...part }))
      const rest = all
        .filter((part) => part.partNumber > Number(cursor))
        .toSorted((a, b) => a.partNumber - b.partNumber)
      const page = rest.slice(0, PAGE)
      return rest.length > PAGE
        ? { parts: page, cursor: String(page.at(-1)!.partNumber) }
        : { parts: page }
    },

    async listUploads({ prefix = '', cursor = '' }) {
      const rest = [...bucket.uploads.values()]
        .filter((upload) => upload.key.startsWith(prefix) && upload.uploadId > cursor)
        .map(({ key, uploadId, begun }) => ({ key, uploadId, begun }))
      const uploads = rest.slice(0, PAGE)
      return rest.length > PAGE ? { uploads, cursor: uploads.at(-1)!.uploadId } : { uploads }
    },
  }
}

function join(store: string, upload: Upload, parts: Part[]): Uint8Array {
  let last = 0
  const pieces = parts.map(({ partNumber, etag }) => {
    const held = upload.parts.get(partNumber)
    if (held?.part.etag !== etag || partNumber <= last) {
      throw wrongPart(store, upload.key, partNumber)
    }
    last = partNumber
    return held.bytes
  })
  return concat(
    pieces,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  )
}

export function versionsGroup({ bucket }: Memory): VersionsDriver {
  return {
    /** By key, the newest version first. The cursor is the last key with its version. */
    async list({ prefix = '', cursor, limit = PAGE, signal }) {
      signal.throwIfAborted()
      const [key = '', version = ''] = cursor?.split('\n') ?? []
      const versions: ObjectVersion[] = []
      for (const candidate of bucket.keysFrom({ prefix, after: '', past: '', delimiter: '' })) {
        if (compareUtf8(candidate, key) < 0) continue
        const newest = bucket.versions(candidate).toReversed()
        for (const [age, one] of newest.entries()) {
          if (candidate === key && one.version >= version) continue
          const last = versions.at(-1)
          if (last && versions.length >= limit) {
            return { versions, cursor: `${last.key}\n${last.version}` }
          }
          const deleted = one.bytes === undefined
          versions.push({ ...toListed(one), version: one.version, latest: age === 0, deleted })
        }
      }
      return { versions }
    },
  }
}

/** Changes the version itself. */
function change(memory: Memory, key: string, version: string | undefined, by: Partial<Version>) {
  const found = memory.find(key, version)
  const held = memory.bucket.versions(key).find((one) => one.version === found.version)
  if (held) Object.assign(held, by)
}

export function classesGroup(memory: Memory): ClassesDriver {
  return {
    async setClass(key, storageClass, { version }) {
      checkReadable(memory, memory.find(key, version))
      change(memory, key, version, { storageClass, restoredUntil: 0 })
    },

    /** Takes effect at once. */
    async restore(key, { version, days = 1 }) {
      const restoredUntil = memory.now() + days * DAY_MILLISECONDS
      change(memory, key, version, { restoredUntil })
    },
  }
}

export function tagsGroup(memory: Memory): TagsDriver {
  return {
    get: async (key, { version }) => ({ ...memory.find(key, version).tags }),
    set: async (key, tags, { version }) => change(memory, key, version, { tags: { ...tags } }),
  }
}

export function retentionGroup(memory: Memory): RetentionDriver {
  return {
    async get(key, { version }) {
      const { retention, hold } = memory.find(key, version)
      return { retention: structuredClone(retention), hold }
    },

    async setRetention(key, retention, { version }) {
      const { retention: old } = memory.find(key, version)
      const binding = old?.mode === 'compliance' && old.until.getTime() > memory.now()
      if (binding && (retention.until < old.until || retention.mode !== old.mode)) {
        const { store } = memory
        const message = `The retention of ${quoteKey(key)} in ${store} can only be made longer.`
        throw new StorageError('denied', message, { store, key })
      }
      change(memory, key, version, { retention: structuredClone(retention) })
    },

    async setHold(key, hold, { version }) {
      change(memory, key, version, { hold })
    },
  }
}
