// What changes an object beside its bytes: its class, its tags, its retention.

import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3'
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
import { copyObject, getTags } from './copy.ts'

const DEFAULT_RESTORE_DAYS = 1

export function classesGroup(bucket: S3Bucket): ClassesDriver {
  return {
    /** A class is changed by a copy of the object onto itself; in a versioned bucket that is a new version. */
    async setClass(key, storageClass, { version, signal }) {
      if (version !== undefined) throw onlyTheNewest(bucket.settings.name, key)
      await copyObject(bucket, { key }, key, { mode: 'overwrite', storageClass, signal })
    },

    async restore(key, { version, days = DEFAULT_RESTORE_DAYS, signal }) {
      const input = {
        ...target(bucket, key, version),
        RestoreRequest: { Days: days, GlacierJobParameters: { Tier: 'Standard' as const } },
      }
      try {
        await bucket.ask(signal, { key }, (s3, call) =>
          s3.send(new RestoreObjectCommand(input), call),
        )
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

    async set(key, tags, { version, signal }) {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const input = { ...target(bucket, key, version), Tagging: { TagSet } }
      await bucket.ask(signal, { key }, (s3, call) =>
        s3.send(new PutObjectTaggingCommand(input), call),
      )
    },
  }
}

export function retentionGroup(bucket: S3Bucket): RetentionDriver {
  return {
    async get(key, options) {
      const [retention, hold] = await Promise.all([
        getRetention(bucket, key, options),
        getHold(bucket, key, options),
      ])
      return { retention, hold }
    },

    async setRetention(key, { mode, until }, { version, signal }) {
      const Mode = mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const)
      const input = { ...target(bucket, key, version), Retention: { Mode, RetainUntilDate: until } }
      await bucket.ask(signal, { key }, (s3, call) =>
        s3.send(new PutObjectRetentionCommand(input), call),
      )
    },

    async setHold(key, hold, { version, signal }) {
      const Status = hold ? ('ON' as const) : ('OFF' as const)
      const input = { ...target(bucket, key, version), LegalHold: { Status } }
      await bucket.ask(signal, { key }, (s3, call) =>
        s3.send(new PutObjectLegalHoldCommand(input), call),
      )
    },
  }
}

function target({ Bucket }: S3Bucket, key: string, version: string | undefined) {
  return { Bucket, Key: key, VersionId: version }
}

async function getRetention(
  bucket: S3Bucket,
  key: string,
  { version, signal }: ReadOptions,
): Promise<Retention | undefined> {
  const input = target(bucket, key, version)
  const output = await bucket.ask(signal, { key }, (s3, call) =>
    s3.send(new GetObjectRetentionCommand(input), call).catch(noneWhereUnlocked),
  )
  const { Mode, RetainUntilDate } = output?.Retention ?? {}
  if (Mode === undefined || RetainUntilDate === undefined) return undefined
  return { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', until: RetainUntilDate }
}

async function getHold(
  bucket: S3Bucket,
  key: string,
  { version, signal }: ReadOptions,
): Promise<boolean> {
  const input = target(bucket, key, version)
  const output = await bucket.ask(signal, { key }, (s3, call) =>
    s3.send(new GetObjectLegalHoldCommand(input), call).catch(noneWhereUnlocked),
  )
  return output?.LegalHold?.Status === 'ON'
}

/** An object that was never locked, and one in a bucket that locks nothing, are errors to S3. */
function noneWhereUnlocked(error: unknown): undefined {
  if (error instanceof Error && UNLOCKED.has(error.name)) return undefined
  throw error
}

const UNLOCKED = new Set([
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'InvalidRequest',
])
