// A line of an S3 server access log:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html

import type { Operation } from '#shared/prices/catalogue.ts'
import type { Reading } from './access-line.ts'
import { decodeKey, timeOf, wholeNumber } from './access-line.ts'

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'REST.GET.OBJECT': 'get',
  'WEBSITE.GET.OBJECT': 'get',
  'REST.HEAD.OBJECT': 'head',
  'REST.PUT.OBJECT': 'put',
  'REST.POST.OBJECT': 'put',
  'REST.COPY.OBJECT': 'copy',
  'REST.POST.UPLOADS': 'begin',
  'REST.PUT.PART': 'part',
  'REST.COPY.PART': 'part',
  'REST.POST.UPLOAD': 'complete',
  'REST.DELETE.UPLOAD': 'abort',
  'REST.GET.UPLOAD': 'parts',
  'REST.GET.BUCKET': 'list',
  'REST.GET.BUCKETVERSIONS': 'list',
  'REST.DELETE.OBJECT': 'delete',
  'BATCH.DELETE.OBJECT': 'delete',
  'REST.POST.RESTORE': 'restore',
}

/** A word, a time in brackets, or text in quotes; a quote within is written as %22. */
const FIELD = /\[([^\]]*)\]|"([^"]*)"|(\S+)/g
const TIME = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4})$/

export function readS3AccessLog(line: string): Reading {
  const fields = [...line.matchAll(FIELD)].map(([, time, text, word]) => time ?? text ?? word ?? '')
  const [, bucket, time, , , , name, key = '-', , status, , sent] = fields
  const operation = OPERATIONS[name ?? '']
  const at = time === undefined ? undefined : readTime(time)
  if (bucket === undefined || operation === undefined || at === undefined) return undefined
  return {
    ...{ at, operation, bucket, key: key === '-' ? '' : decodeKey(key) },
    ...{ status: wholeNumber(status), sentBytes: wholeNumber(sent) },
  }
}

/** `06/Feb/2019:00:00:38 +0000` */
function readTime(text: string): Date | undefined {
  const [, day, month, year, clock, zone] = TIME.exec(text) ?? []
  return day === undefined ? undefined : timeOf(`${day} ${month} ${year} ${clock} ${zone}`)
}
