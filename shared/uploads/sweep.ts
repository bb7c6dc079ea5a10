// What nobody ended: uploads in parts that are too old are aborted, staged objects completed as their mark says
// or set aside, and records that nobody can ask for deleted. One bounded step at a time, with a cursor.

import { setAside } from '#shared/copy/aside.ts'
import type { ListedObject, ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { completeArrived } from './completion.ts'
import type { UploadContext } from './context.ts'
import { RECORDS_PREFIX, firstUseful } from './records.ts'
import { MARK, STAGING_PREFIX, newNonce, readMark } from './ticket.ts'
import type { SweepStep } from './uploads.ts'

const STAGES = ['parts', 'staging', 'records'] as const
type Stage = (typeof STAGES)[number]

/** Objects that are looked at one by one, and uploads and records that are not. */
const STAGED_A_STEP = 50
const RECORDS_A_STEP = 500
/** A client is given this long to complete what it has staged. */
const QUIET_SECONDS = 300

interface Step {
  context: UploadContext
  cursor: string | undefined
  signal: AbortSignal | undefined
}

type Swept = Partial<Omit<SweepStep, 'cursor'>> & { next?: string | undefined }

const SWEEPS: Record<Stage, (step: Step) => Promise<Swept>> = {
  parts: sweepParts,
  staging: sweepStaging,
  records: sweepRecords,
}

export async function sweepUploads(
  context: UploadContext,
  { cursor, signal }: { cursor?: string | undefined; signal?: AbortSignal | undefined },
): Promise<SweepStep> {
  const [stage, within] = readCursor(cursor)
  const { next, ...swept } = await SWEEPS[stage]({ context, cursor: within, signal })
  const following = STAGES[STAGES.indexOf(stage) + 1]
  const on = next === undefined ? following && `${following}:` : `${stage}:${next}`
  return { completed: 0, quarantined: 0, aborted: 0, ...swept, ...(on && { cursor: on }) }
}

function readCursor(cursor = 'parts:'): [Stage, string | undefined] {
  const at = cursor.indexOf(':')
  const stage = STAGES.find((one) => one === cursor.slice(0, at)) ?? 'parts'
  return [stage, cursor.slice(at + 1) || undefined]
}

async function sweepParts({ context, cursor, signal }: Step): Promise<Swept> {
  const { reserved, rules, now } = context
  // Azure drops blocks by itself after a week, and a binding of R2 lists nothing.
  if (!reserved.capabilities.multipart?.listUploads) return {}
  const { multipart } = reserved.groups
  const page = await multipart.listUploads({ cursor, signal })
  const before = now() - rules.sweepAfterSeconds * 1000
  const old = page.uploads.filter(({ begun }) => begun !== undefined && begun.getTime() < before)
  let aborted = 0
  for (const { key, uploadId } of old) {
    signal?.throwIfAborted()
    const failure = await multipart.abort(key, uploadId, { signal }).catch(lasting)
    if (failure) skip(context, key, failure)
    else aborted += 1
  }
  return { aborted, next: page.cursor }
}

/** For `catch`: what will be no better the next time must not hold up all that comes after it. */
function lasting(error: unknown): Error {
  const passing = isStorageError(error) && error.retry !== 'never'
  if (passing || !(error instanceof Error)) throw error
  return error
}

function skip({ log }: UploadContext, key: string, { message }: Error): void {
  log?.(`A sweep left ${quoteKey(key)} where it is: ${message}`)
}

async function sweepStaging({ context, cursor, signal }: Step): Promise<Swept> {
  const { reserved } = context
  const query = { prefix: STAGING_PREFIX, cursor, limit: STAGED_A_STEP, signal }
  const page = await reserved.list(query)
  const swept = { completed: 0, quarantined: 0 }
  for (const object of page.objects) {
    signal?.throwIfAborted()
    const became = await sweepStaged(context, object).catch(lasting)
    if (became instanceof Error) skip(context, object.key, became)
    else if (became) swept[became] += 1
  }
  return { ...swept, next: page.cursor }
}

async function sweepStaged(
  context: UploadContext,
  { key, modified }: ListedObject,
): Promise<'completed' | 'quarantined' | undefined> {
  const { reserved, records, rules, now } = context
  const age = now() - modified.getTime()
  if (age < QUIET_SECONDS * 1000) return undefined
  const info = await reserved.find(key)
  if (!info) return undefined
  const upload = readMark(context, info)
  if (upload) {
    const record = await records.find(upload)
    // What its URL brought afterwards, or what a completion that broke off left behind: nobody can tell.
    if (record && 'accepted' in record) {
      return quarantine(context, info, 'it was staged when the upload had been accepted')
    }
    const arrival = await completeArrived(context, reserved.name, key).catch(lasting)
    if (!(arrival instanceof Error)) {
      return arrival.became === 'ignored' ? undefined : arrival.became
    }
    if (age < rules.sweepAfterSeconds * 1000) throw arrival
    return quarantine(context, info, `it could not be completed: ${arrival.message}`)
  }
  // Another workspace's, perhaps, that shares the store: only what is old is nobody's.
  if (age < rules.sweepAfterSeconds * 1000) return undefined
  const found = info.metadata[MARK] === undefined ? 'without a mark' : 'with a mark of elsewhere'
  return quarantine(context, info, `it was staged ${found}`)
}

async function quarantine(
  { reserved }: UploadContext,
  info: ObjectInfo,
  reason: string,
): Promise<'quarantined'> {
  await setAside(reserved, info, { why: 'quarantine', id: newNonce(), key: info.key, reason })
  return 'quarantined'
}

async function sweepRecords({ context, signal }: Step): Promise<Swept> {
  const { records, now } = context
  const page = await records.store.list({ prefix: RECORDS_PREFIX, limit: RECORDS_A_STEP, signal })
  const end = firstUseful(now())
  const old = page.objects.filter(({ key }) => key < end).map(({ key }) => key)
  const failed = (await records.store.delete(old, { signal })).find(({ error }) => error)
  if (failed?.error) throw failed.error
  // They come in order of days: one that is still of use ends it, and what was deleted leaves the next in front.
  const more = old.length > 0 && old.length === page.objects.length && page.cursor !== undefined
  return { next: more ? 'again' : undefined }
}
