// Deleting one key, or up to a thousand in one request. Each target has its own outcome; only what
// concerns them all (no answer, no permission for the bucket, asked to slow down) is thrown.

import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import type { Call, DeleteResult, DeleteTarget } from '../../contract.ts'
import type { ErrorKind, StorageError } from '../../errors.ts'
import { isStorageError } from '../../errors.ts'
import type { S3Bucket } from './bucket.ts'
import { keyError, strangeAnswer } from './errors.ts'
import { quotedEtag } from './fields.ts'

export async function deleteObjects(
  bucket: S3Bucket,
  targets: DeleteTarget[],
  options: Call,
): Promise<DeleteResult[]> {
  const [only, ...others] = targets
  if (only === undefined) return []
  return others.length === 0
    ? [await deleteOne(bucket, only, options)]
    : deleteMany(bucket, targets, options)
}

async function deleteOne(
  bucket: S3Bucket,
  { key, version, ifMatch }: DeleteTarget,
  { signal }: Call,
): Promise<DeleteResult> {
  const { Bucket } = bucket
  const IfMatch = ifMatch === undefined ? undefined : quotedEtag(ifMatch)
  const input = { Bucket, Key: key, VersionId: version, IfMatch }
  try {
    await bucket.ask(signal, { key }, (s3, call) => s3.send(new DeleteObjectCommand(input), call))
    return { key }
  } catch (error) {
    if (isStorageError(error) && isOfTheKey(error)) return outcome(key, error)
    throw error
  }
}

/** Whether another key might have fared better; a fault of the whole store names no key. */
function isOfTheKey({ key, kind }: StorageError): boolean {
  return key !== undefined && OF_ONE_KEY.has(kind)
}

const OF_ONE_KEY = new Set<ErrorKind>(['not-found', 'precondition', 'denied', 'invalid'])

function outcome(key: string, error: StorageError): DeleteResult {
  return error.kind === 'not-found' ? { key } : { key, error }
}

/** No XML may hold them, not even escaped: one such key would have the whole request refused. */
const BEYOND_XML = /[\ufffe\uffff]/

async function deleteMany(
  bucket: S3Bucket,
  targets: DeleteTarget[],
  options: Call,
): Promise<DeleteResult[]> {
  const listed = targets.filter(({ key }) => !BEYOND_XML.test(key))
  const results = listed.length > 0 ? await deleteListed(bucket, listed, options) : []
  for (const [at, target] of targets.entries()) {
    if (BEYOND_XML.test(target.key)) results.splice(at, 0, await deleteOne(bucket, target, options))
  }
  return results
}

/** Quiet: the answer names only what failed, by key and version. */
async function deleteListed(
  bucket: S3Bucket,
  targets: DeleteTarget[],
  { signal }: Call,
): Promise<DeleteResult[]> {
  const { Bucket, settings } = bucket
  const Objects = targets.map(({ key, version, ifMatch }) => ({
    Key: key,
    VersionId: version,
    ETag: ifMatch === undefined ? undefined : quotedEtag(ifMatch),
  }))
  const input = { Bucket, Delete: { Objects, Quiet: true } }
  const { Errors = [] } = await bucket.ask(signal, {}, (s3, call) =>
    s3.send(new DeleteObjectsCommand(input), call),
  )
  const asked = new Set(targets.map(({ key, version }) => named(key, version)))
  // A failure of nobody would let a target that is still there count as deleted.
  if (Errors.some((one) => !asked.has(named(one.Key, one.VersionId)))) throw strangeAnswer(settings)
  const failed = new Map(Errors.map((one) => [named(one.Key, one.VersionId), one]))
  return targets.map(({ key, version }) => {
    const failure = failed.get(named(key, version))
    return failure ? outcome(key, keyError(failure.Code, failure.Message, settings, key)) : { key }
  })
}

function named(key: string | undefined, version: string | undefined): string {
  return `${version ?? ''}\n${key ?? ''}`
}
