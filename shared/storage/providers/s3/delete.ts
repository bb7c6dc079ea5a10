// Deleting one key, or up to a thousand in one request. Each target has its own outcome; only what
// concerns them all (no answer, no permission for the bucket, asked to slow down) is thrown.

import type { Xml } from '#shared/wire/xml.ts'
import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import type { Call, DeleteResult, DeleteTarget } from '../../contract.ts'
import type { ErrorKind, StorageError } from '../../errors.ts'
import { isStorageError } from '../../errors.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { checkedDocument } from './document.ts'
import { keyError } from './errors.ts'
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
  { requests }: S3Bucket,
  { key, version, ifMatch }: DeleteTarget,
  { signal }: Call,
): Promise<DeleteResult> {
  const query = { versionId: version }
  const headers = ifMatch === undefined ? {} : { 'if-match': quotedEtag(ifMatch) }
  try {
    await requests.headers({ method: 'DELETE', key, query, headers, signal })
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
  { requests, settings }: S3Bucket,
  targets: DeleteTarget[],
  { signal }: Call,
): Promise<DeleteResult[]> {
  const sent = checkedDocument('Delete', [...targets.map(toObject), element('Quiet', 'true')])
  const query = { delete: '' }
  const { xml, root } = await requests.xml({ method: 'POST', query, ...sent, signal })
  const failures = elementsOf(xml, 'Error').map((failure) => ({
    name: named(textOf(failure, 'Key'), textOf(failure, 'VersionId')),
    code: textOf(failure, 'Code') || undefined,
    message: textOf(failure, 'Message'),
  }))
  const asked = new Set(targets.map(({ key, version }) => named(key, version)))
  // A failure of nobody would let a target that is still there count as deleted, as would somebody's home page.
  if (root !== 'DeleteResult' || failures.some(({ name }) => !asked.has(name))) {
    throw strangeAnswer(settings.name)
  }
  const failed = new Map(failures.map((one) => [one.name, one]))
  return targets.map(({ key, version }) => {
    const failure = failed.get(named(key, version))
    return failure ? outcome(key, keyError(failure.code, failure.message, settings, key)) : { key }
  })
}

function toObject({ key, version, ifMatch }: DeleteTarget): Xml {
  return element('Object', [
    element('Key', key),
    element('VersionId', version),
    element('ETag', ifMatch === undefined ? undefined : quotedEtag(ifMatch)),
  ])
}

function named(key: string | undefined, version: string | undefined): string {
  return `${version ?? ''}\n${key ?? ''}`
}
