// What not every store has: versions, classes, tags, retention.

import type {
  ClassesDriver,
  ObjectVersion,
  Retention,
  RetentionDriver,
  TagsDriver,
  VersionsDriver,
} from '../../contract.ts'
import type { AzureClient } from './client.ts'
import { toNamePrefix } from './names.ts'
import { toListedObject } from './object-info.ts'
import { headBlob } from './read.ts'

/** A deleted blob leaves no marker: it has versions and none of them is the latest. */
export function createVersions(client: AzureClient): VersionsDriver {
  return {
    async list({ prefix = '', cursor, limit, signal }) {
      const pages = client.container
        .listBlobsFlat({
          abortSignal: signal,
          includeVersions: true,
          ...(prefix !== '' && { prefix: toNamePrefix(prefix) }),
        })
        .byPage({
          ...(limit !== undefined && { maxPageSize: limit }),
          ...(cursor !== undefined && { continuationToken: cursor }),
        })
      const { value } = await client.run({ signal }, () => pages.next())
      const versions: ObjectVersion[] = []
      for (const item of value.segment.blobItems) {
        const object = toListedObject(item)
        // Blobs that are older than the account's versioning have none.
        if (object.version === undefined || !object.key.startsWith(prefix)) continue
        const latest = item.isCurrentVersion === true
        versions.push({ ...object, version: object.version, latest, deleted: false })
      }
      return { versions, cursor: value.continuationToken || undefined }
    },
  }
}

/** https://learn.microsoft.com/rest/api/storageservices/set-blob-tier */
export function createClasses(client: AzureClient): ClassesDriver {
  return {
    async setClass(key, storageClass, { version, signal }) {
      await client.run({ key, signal }, () =>
        client.blob(key, version).setAccessTier(storageClass, { abortSignal: signal }),
      )
    },
    /** To the Hot class, for good: Azure has no restores that end. It takes up to 15 hours. */
    async restore(key, { version, signal }) {
      const { archived, restoring } = await headBlob(client, key, { version, signal })
      if (!archived || restoring) return
      await client.run({ key, signal }, () =>
        client.blob(key, version).setAccessTier('Hot', { abortSignal: signal }),
      )
    },
  }
}

export function createTags(client: AzureClient): TagsDriver {
  return {
    async get(key, { version, signal }) {
      const { tags } = await client.run({ key, signal }, () =>
        client.blob(key, version).getTags({ abortSignal: signal }),
      )
      return tags
    },
    async set(key, tags, { version, signal }) {
      await client.run({ key, signal }, () =>
        client.blob(key, version).setTags(tags, { abortSignal: signal }),
      )
    },
  }
}

/** https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview */
export function createRetention(client: AzureClient): RetentionDriver {
  return {
    async get(key, { version, signal }) {
      const properties = await client.run({ key, signal }, () =>
        client.blob(key, version).getProperties({ abortSignal: signal }),
      )
      const { immutabilityPolicyExpiresOn: until, immutabilityPolicyMode, legalHold } = properties
      const locked = immutabilityPolicyMode?.toLowerCase() === 'locked'
      const retention: Retention | undefined = until && {
        mode: locked ? 'compliance' : 'governance',
        until,
      }
      return { retention, hold: legalHold ?? false }
    },
    async setRetention(key, { mode, until }, { version, signal }) {
      const policyMode = mode === 'compliance' ? 'Locked' : 'Unlocked'
      await client.run({ key, signal }, () =>
        client
          .blob(key, version)
          .setImmutabilityPolicy({ policyMode, expiriesOn: until }, { abortSignal: signal }),
      )
    },
    async setHold(key, hold, { version, signal }) {
      await client.run({ key, signal }, () =>
        client.blob(key, version).setLegalHold(hold, { abortSignal: signal }),
      )
    },
  }
}
