// What the SDK throws, in the one error of storage. Its exceptions carry the answer; what else it throws never
// got one.

import { StorageError } from '../../errors.ts'
import type { Refused } from './errors.ts'
import { refusedBy } from './errors.ts'
import { networkError } from './network-errors.ts'
import type { S3Settings } from './settings.ts'

export function toStorageError(error: unknown, settings: S3Settings): StorageError {
  if (error instanceof StorageError) return error
  const answer = readAnswer(error)
  return answer ? refusedBy(answer, settings, {}) : networkError(error, settings, undefined)
}

function readAnswer(error: unknown): Refused | undefined {
  if (!(error instanceof Error)) return undefined
  const fields = error as Error & {
    $metadata?: { httpStatusCode?: number }
    $response?: { headers?: Record<string, string> }
    Code?: unknown
    Region?: unknown
  }
  const status = fields.$metadata?.httpStatusCode
  if (status === undefined) return undefined
  const headers = fields.$response?.headers ?? {}
  const region = headers['x-amz-bucket-region'] ?? fields.Region
  return {
    code: typeof fields.Code === 'string' ? fields.Code : error.name,
    message: error.message,
    status,
    headers,
    region: typeof region === 'string' ? region : undefined,
  }
}
