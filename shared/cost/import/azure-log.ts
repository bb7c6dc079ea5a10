// A line of Azure's log of blobs, in either form: the resource logs of today, JSON a line, and the classic
// Storage Analytics, fields between semicolons.
// https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage-reference
// https://learn.microsoft.com/rest/api/storageservices/storage-analytics-log-format

import type { Operation } from '#shared/prices/catalogue.ts'
import { isGroup } from '#shared/shape/group.ts'
import type { Reading } from './access-line.ts'
import { decodeKey, timeOf, wholeNumber } from './access-line.ts'

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetBlob: 'get',
  GetBlobProperties: 'head',
  GetBlobMetadata: 'head',
  PutBlob: 'put',
  PutBlock: 'part',
  PutBlockFromURL: 'part',
  PutBlockList: 'complete',
  GetBlockList: 'parts',
  CopyBlob: 'copy',
  PutBlobFromURL: 'copy',
  ListBlobs: 'list',
  DeleteBlob: 'delete',
}

export function readAzureLog(line: string): Reading {
  return line.startsWith('{') ? readResourceLog(line) : readClassicLog(line)
}

function readResourceLog(line: string): Reading {
  const found = parse(line)
  if (!found) return undefined
  const { time, operationName, statusCode, uri, properties } = found
  const { responseBodySize } = isGroup(properties) ? properties : {}
  return toLine(String(time), String(operationName), String(uri), statusCode, responseBodySize)
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isGroup(value) ? value : undefined
  } catch {
    return undefined
  }
}

const CLASSIC_FIELD = /"((?:[^"]|"")*)"|[^;]+|(?<=;)(?=;)/g

function readClassicLog(line: string): Reading {
  const fields = (line.match(CLASSIC_FIELD) ?? []).map((field) => field.replaceAll('"', ''))
  const [version, time, operation, , status, , , , , , , uri] = fields
  if (version === undefined || !/^[12]\.0$/.test(version)) return undefined
  const sent = fields[20]
  return toLine(time ?? '', operation ?? '', (uri ?? '').replaceAll('&amp;', '&'), status, sent)
}

function toLine(
  time: string,
  operationName: string,
  uri: string,
  status: unknown,
  sent: unknown,
): Reading {
  const at = timeOf(time)
  const operation = OPERATIONS[operationName]
  if (at === undefined || operation === undefined || !URL.canParse(uri)) return undefined
  const [, bucket = '', ...key] = new URL(uri).pathname.split('/')
  return {
    ...{ at, operation, bucket, key: decodeKey(key.join('/')) },
    ...{ status: wholeNumber(String(status)), sentBytes: wholeNumber(String(sent)) },
  }
}
