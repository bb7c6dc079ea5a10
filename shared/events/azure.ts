// Blob events of Azure, in Event Grid's own schema and as CloudEvents. The subject names container and blob; the
// URL beside it is for people. Only what commits content counts: with a hierarchical namespace a file is
// announced, empty, when it is opened, and once more when it is closed.
// https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage

import { toKey } from '#shared/storage/providers/azure/names.ts'
import type { Reading, StoreEvent } from './event.ts'
import { ignored } from './event.ts'
import { bareEtag, sizeAt, textAt, timeAt } from './json.ts'

const SUBJECT = /^\/blobServices\/default\/containers\/([^/]+)\/blobs\/(.+)$/s
const ACCOUNT = /\/storageAccounts\/([^/]+)$/i
const PREFIX = 'Microsoft.Storage.'

const COMMITS = new Set([
  ...['PutBlob', 'PutBlockList', 'CopyBlob', 'PutBlobFromURL', 'PutBlobFromUrl'],
  ...['FlushWithClose', 'SftpCommit'],
])

export function isAzure(payload: unknown): boolean {
  const [first] = Array.isArray(payload) ? (payload as unknown[]) : [payload]
  return typeOf(first).startsWith(PREFIX)
}

/** A list in one schema, one event or a list in the other, one event in a queue: all the same. */
export function readAzure(payload: unknown): Reading[] {
  const events: readonly unknown[] = Array.isArray(payload) ? payload : [payload]
  return events.map(readBlobEvent)
}

function readBlobEvent(event: unknown): Reading {
  const type = typeOf(event)
  if (!type.startsWith(PREFIX)) return ignored('it is no event of a storage account')
  const [, bucket, name] = SUBJECT.exec(textAt(event, 'subject') ?? '') ?? []
  if (bucket === undefined || name === undefined) return ignored('its subject names no blob')
  const key = toKey(name)
  const api = textAt(event, 'data', 'api')
  const base = {
    ...{ vendor: 'azure', bucket, key },
    account: accountOf(event),
    etag: bareEtag(textAt(event, 'data', 'eTag')),
    version: textAt(event, 'data', 'versionId') ?? textAt(event, 'data', 'blobVersion'),
    sequencer: textAt(event, 'data', 'sequencer')?.toLowerCase(),
    at: timeAt(event, 'eventTime') ?? timeAt(event, 'time'),
    id: textAt(event, 'id') ?? '',
    // What Skein has written comes back with the id that it gave its own request.
    by: textAt(event, 'data', 'clientRequestId'),
  } satisfies Partial<StoreEvent>
  switch (type.slice(PREFIX.length)) {
    case 'BlobCreated': {
      if (api !== undefined && !COMMITS.has(api)) {
        return ignored(`${api} has committed no content yet`, { bucket, key })
      }
      return { ...base, type: 'created', size: sizeAt(event, 'data', 'contentLength') }
    }
    case 'BlobDeleted':
      return { ...base, type: 'deleted' }
    case 'BlobRenamed':
      return readRename(event, { ...base, type: 'renamed' })
    case 'DirectoryRenamed':
    case 'DirectoryDeleted':
      return ignored('of the blobs in a directory nothing is told; a scan finds them', {
        bucket,
        key,
      })
    default:
      return ignored(`${type.slice(PREFIX.length)} changes no content`, { bucket, key })
  }
}

/** Only the URL tells where it was. One from another container leaves a new blob here. */
function readRename(event: unknown, renamed: StoreEvent): Reading {
  const source = textAt(event, 'data', 'sourceUrl') ?? ''
  const [container, ...names] = URL.canParse(source) ? pathOf(new URL(source)) : []
  const from = toKey(names.join('/'))
  return container === renamed.bucket && from !== ''
    ? { ...renamed, from }
    : { ...renamed, type: 'created' }
}

function pathOf({ pathname }: URL): string[] {
  try {
    return decodeURIComponent(pathname.slice(1)).split('/')
  } catch {
    return []
  }
}

function typeOf(event: unknown): string {
  return textAt(event, 'eventType') ?? textAt(event, 'type') ?? ''
}

function accountOf(event: unknown): string | undefined {
  const topic = textAt(event, 'topic') ?? textAt(event, 'source') ?? ''
  return ACCOUNT.exec(topic)?.[1]
}
