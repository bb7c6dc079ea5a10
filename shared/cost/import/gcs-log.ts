// A line of a Cloud Storage usage log, CSV with a header line that names the columns:
// https://cloud.google.com/storage/docs/access-logs

import type { Operation } from '#shared/prices/catalogue.ts'
import type { Reading } from './access-line.ts'
import { decodeKey, timeOf, wholeNumber } from './access-line.ts'
import { csvFields } from './csv.ts'

const COLUMNS = [
  ...['time_micros', 'c_ip', 'c_ip_type', 'c_ip_region', 'cs_method', 'cs_uri', 'sc_status'],
  ...['cs_bytes', 'sc_bytes', 'time_taken_micros', 'cs_host', 'cs_referer', 'cs_user_agent'],
  ...['s_request_id', 'cs_operation', 'cs_bucket', 'cs_object'],
]

/** The XML API's names, then the JSON API's. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  GET_Object: 'get',
  HEAD_Object: 'head',
  PUT_Object: 'put',
  POST_Object: 'put',
  GET_Bucket: 'list',
  DELETE_Object: 'delete',
  'storage.objects.get': 'get',
  'storage.objects.insert': 'put',
  'storage.objects.list': 'list',
  'storage.objects.copy': 'copy',
  'storage.objects.rewrite': 'copy',
  'storage.objects.compose': 'complete',
  'storage.objects.delete': 'delete',
}

export function readGcsLog(line: string): Reading {
  const fields = csvFields(line)
  const field = (name: string) => fields[COLUMNS.indexOf(name)] ?? ''
  const operation = OPERATIONS[field('cs_operation')]
  const micros = Number(field('time_micros'))
  const at = Number.isFinite(micros) ? timeOf(micros / 1000) : undefined
  if (operation === undefined || at === undefined) return undefined
  return {
    ...{ at, operation, bucket: field('cs_bucket'), key: decodeKey(field('cs_object')) },
    ...{ status: wholeNumber(field('sc_status')), sentBytes: wholeNumber(field('sc_bytes')) },
  }
}
