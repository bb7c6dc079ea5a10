// A suite that runs elsewhere, asked over its API: `--endpoint` says where, SKEIN_TOKEN who asks.

import { createApi } from '#shared/client/api.ts'
import type { Api } from '#shared/client/api.ts'
import { DEFAULT_PATIENCE } from '#shared/client/backoff.ts'
import { SkeinError } from '#shared/client/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Context, OptionRow } from './command.ts'
import { UsageError } from './command.ts'

export const ENDPOINT: OptionRow = {
  flags: '--endpoint <url>',
  summary: 'ask a deployed suite; its token is in SKEIN_TOKEN',
}

/** Somebody waits before the screen. */
const PATIENCE = { ...DEFAULT_PATIENCE, attempts: 3 }

/** One workspace there. */
export function deployed({ platform }: Context, endpoint: string, workspace: string): Api {
  const token = platform.env['SKEIN_TOKEN']
  if (!token) throw new UsageError('--endpoint takes a token: set SKEIN_TOKEN.')
  if (!/^https?:\/\/./.test(endpoint)) {
    throw new UsageError(
      `--endpoint takes a URL such as https://skein.example.com, not "${endpoint}".`,
    )
  }
  const api = createApi({
    ...{ endpoint, workspace, token: () => token, patience: PATIENCE },
    fetch: (...asked) => fetch(...asked),
  })
  return { ...api, call: (...asked) => api.call<never>(...asked).catch(asStorageError) }
}

/** The same kinds, and so the same exit codes. */
function asStorageError(error: unknown): never {
  if (!(error instanceof SkeinError)) throw error
  throw new StorageError(error.kind, error.message, { cause: error })
}
