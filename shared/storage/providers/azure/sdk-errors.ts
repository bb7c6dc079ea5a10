// What the SDK throws, in the one error of storage. Nothing of its own text is passed on: it quotes URLs, and
// these may hold a SAS.

import { RestError } from '@azure/storage-blob'
import { StorageError } from '../../errors.ts'
import type { Attempt } from './errors.ts'
import { noAnswer, refusal } from './errors.ts'
import type { AzureSettings } from './settings.ts'

/** What is thrown in place of `error`; an abort is left as it is. */
export function toStorageError(settings: AzureSettings, error: unknown, attempt: Attempt): unknown {
  if (error instanceof StorageError || attempt.signal.aborted) return error
  if (!(error instanceof RestError)) return error
  if (error.statusCode === undefined) return noAnswer(settings, error.code ?? '', attempt)
  const headers = error.response?.headers
  return refusal(settings, attempt, {
    status: error.statusCode,
    // The SDK's own code may be one of its own, for a body that it could not read.
    code: headers?.get('x-ms-error-code') ?? error.code,
    retryAfter: headers?.get('retry-after'),
    date: headers?.get('date'),
  })
}
