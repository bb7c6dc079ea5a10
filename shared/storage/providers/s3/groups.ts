// What changes an object beside its bytes: its class, its tags, its retention.

import { element, textOf } from '#shared/wire/xml.ts'
import type {
  ClassesDriver,
  ReadOptions,
  Retention,
  RetentionDriver,
  TagsDriver,
} from '../../contract.ts'
import { StorageError, isStorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { S3Bucket } from './bucket.ts'
import { copyObject } from './copy.ts'
import { checkedDocument, sentDocument } from './document.ts'
import { codeOf } from './errors.ts'
import { dateIn } from './fields.ts'
import { getTags, setTags } from './tags.ts'

const DEFAULT_RESTORE_DAYS = 1

export function classesGroup(bucket: S3Bucket): ClassesDriver {
  return {
    /** A class is changed by a copy of the object onto itself; in a versioned bucket that is a new version. */
    async setClass(key, storageClass, { version, signal }) {
      if (version !== undefined) throw onlyTheNewest(bucket.settings.name, key)
      await copyObject(bucket, { key }, key, { mode: 'overwrite', storageClass, signal })
    },

    async restore(key, { version, days = DEFAULT_RESTORE_DAYS, signal }) {
      const query = { restore: '', versionId: version }
      const sent = sentDocument('RestoreRequest', [
        element('Days', String(days)),
        element('GlacierJobParameters', element('Tier', 'Standard')),
      ])
      try {
        await bucket.requests.headers({ method: 'POST', key, query, ...sent, signal })
      } catch (error) {
        // 409 RestoreAlreadyInProgress: what was asked for is under way.
        if (isStorageError(error) && error.status === 409) return
        // 403 InvalidObjectState, which to a read says the opposite.
        if (isStorageError(error, 'invalid') && error.status === 403) {
          throw notArchived(bucket.settings.name, key)
        }
        throw error
      }
    },
  }
}

/** A copy of an older version would become the newest, and so undo what was written since. */
function onlyTheNewest(store: string, key: string): StorageError {
  const message = `${store} cannot change the class of one version of ${quoteKey(key)}, only of the object as it is.`
  return new StorageError('unsupported', message, { store, key })
}

function notArchived(store: string, key: string): StorageError {
  const message = `${quoteKey(key)} in ${store} is in no class that is restored; it can be read as it is.`
  return new StorageError('invalid', message, { store, key, status: 403 })
}

export function tagsGroup(bucket: S3Bucket): TagsDriver {
  return {
    get: (key, options) => getTags(bucket, key, options),
    set: (key, tags, options) => setTags(bucket, key, tags, options),
  }
}

export function retentionGroup(bucket: S3Bucket): RetentionDriver {
  const { requests } = bucket
  return {
    async get(key, options) {
      const [retention, hold] = await Promise.all([
        getRetention(bucket, key, options),
        getHold(bucket, key, options),
      ])
      return { retention, hold }
    },

    async setRetention(key, { mode, until }, { version, signal }) {
      const query = { retention: '', versionId: version }
      const sent = checkedDocument('Retention', [
        element('Mode', mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE'),
        element('RetainUntilDate', until.toISOString()),
      ])
      await requests.headers({ method: 'PUT', key, query, ...sent, signal })
    },

    async setHold(key, hold, { version, signal }) {
      const query = { 'legal-hold': '', versionId: version }
      const sent = checkedDocument('LegalHold', element('Status', hold ? 'ON' : 'OFF'))
      await requests.headers({ method: 'PUT', key, query, ...sent, signal })
    },
  }
}

async function getRetention(
  bucket: S3Bucket,
  key: string,
  options: ReadOptions,
): Promise<Retention | undefined> {
  const xml = await lockOf(bucket, key, 'retention', options)
  const mode = xml && textOf(xml, 'Mode')
  const until = xml && dateIn(xml, 'RetainUntilDate')
  if (!mode || !until) return undefined
  return { mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance', until }
}

async function getHold(bucket: S3Bucket, key: string, options: ReadOptions): Promise<boolean> {
  const xml = await lockOf(bucket, key, 'legal-hold', options)
  return xml !== undefined && textOf(xml, 'Status') === 'ON'
}

/** An object that was never locked, and one in a bucket that locks nothing, are errors to S3. */
async function lockOf(
  { requests }: S3Bucket,
  key: string,
  kind: 'retention' | 'legal-hold',
  { version, signal }: ReadOptions,
): Promise<string | undefined> {
  try {
    const query = { [kind]: '', versionId: version }
    return (await requests.xml({ method: 'GET', key, query, signal })).xml
  } catch (error) {
    if (isStorageError(error) && UNLOCKED.has(codeOf(error))) return undefined
    throw error
  }
}

const UNLOCKED = new Set<string | undefined>([
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'InvalidRequest',
])
