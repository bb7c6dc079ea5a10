// What is known of an object beside its bytes: content headers, metadata, tags, digests. A record is a file
// named by the key and by the stamp of the very file it belongs to, and is there before that file is: bytes
// and record of two writes can never be taken together. A file without one was put there by hand.

import { createHash } from 'node:crypto'
import { link, readFile, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ChecksumAlgorithm, ContentHeaders, ObjectProperties } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { makeFolders, syncFolder, writeDurably } from './durable.ts'
import { unless } from './faults.ts'
import type { OwnFolder } from './own-folder.ts'

export interface ObjectRecord {
  key: string
  stamp: string
  headers: ContentHeaders
  metadata: Record<string, string>
  tags: Record<string, string>
  checksums: Partial<Record<ChecksumAlgorithm, string>>
}

/** Names the key where its path cannot serve: of fixed length, on every file system. */
export function keyName(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40)
}

function recordPath(own: OwnFolder, key: string, stamp: string): string {
  const name = keyName(key)
  return own.path('records', name.slice(0, 2), `${name.slice(2)}-${stamp}.json`)
}

export function toRecord(
  key: string,
  stamp: string,
  properties: ObjectProperties,
  checksums: ObjectRecord['checksums'],
): ObjectRecord {
  const { contentType = 'application/octet-stream', contentEncoding } = properties
  const { contentDisposition, contentLanguage, cacheControl } = properties
  return {
    key,
    stamp,
    headers: { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    metadata: { ...properties.metadata },
    tags: { ...properties.tags },
    checksums,
  }
}

export async function readRecord(
  own: OwnFolder,
  store: string,
  key: string,
  stamp: string,
): Promise<ObjectRecord | undefined> {
  const text = await unless(['ENOENT', 'ENOTDIR'], readFile(recordPath(own, key, stamp), 'utf8'))
  if (text === undefined) return undefined
  const record = parseRecord(text)
  if (record) return record
  const message = `The record of ${quoteKey(key)} in ${store} is damaged; write the object again.`
  throw new StorageError('corrupt', message, { store, key, retry: 'never' })
}

function parseRecord(text: string): ObjectRecord | undefined {
  try {
    const record: ObjectRecord = JSON.parse(text)
    return typeof record.stamp === 'string' ? record : undefined
  } catch {
    return undefined
  }
}

/** A record that may turn out to be of no use, and the note by which it is cleared away even after a crash. */
export interface Pending {
  key: string
  stamp: string
  notePath: string
}

/** On the disk when it returns, before the file that it belongs to is in place. */
export async function writeRecord(own: OwnFolder, record: ObjectRecord): Promise<Pending> {
  const { key, stamp } = record
  const path = recordPath(own, key, stamp)
  const notePath = await own.unfinishedPath('.json')
  const pending = { key, stamp, notePath }
  try {
    await writeDurably(notePath, JSON.stringify(record))
    await makeFolders(dirname(path))
    await link(notePath, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await settleRecord(own, pending, undefined)
    throw error
  }
  return pending
}

/** Of the same file, and of nothing else than before. */
export async function replaceRecord(own: OwnFolder, record: ObjectRecord): Promise<void> {
  const path = recordPath(own, record.key, record.stamp)
  const draft = await own.unfinishedPath()
  try {
    await writeDurably(draft, JSON.stringify(record))
    await makeFolders(dirname(path))
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
}

/** To be called before the file goes. */
export async function retireRecord(own: OwnFolder, key: string, stamp: string): Promise<Pending> {
  const notePath = await own.unfinishedPath('.json')
  // EPERM: another user's file, which some systems let nobody else link. The note only helps after a crash.
  await unless(['ENOENT', 'ENOTDIR', 'EPERM'], link(recordPath(own, key, stamp), notePath))
  return { key, stamp, notePath }
}

/** The record stays if it belongs to the file in force, and the note goes. */
export async function settleRecord(
  own: OwnFolder,
  { key, stamp, notePath }: Pending,
  stampInForce: string | undefined,
): Promise<void> {
  if (stamp !== stampInForce) {
    await unless(['ENOENT', 'ENOTDIR'], unlink(recordPath(own, key, stamp)))
  }
  await unless(['ENOENT'], unlink(notePath))
}

/** What a process that ended has left to settle. */
export async function readNote(notePath: string): Promise<Pending | undefined> {
  const text = await unless(['ENOENT'], readFile(notePath, 'utf8'))
  const record = text === undefined ? undefined : parseRecord(text)
  return record && { key: record.key, stamp: record.stamp, notePath }
}
