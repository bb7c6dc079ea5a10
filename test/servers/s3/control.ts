// The tests' own door, under /__control: buckets with a dialect, faults, the log of requests, the clock,
// the silent corruption of stored bytes, the end of a restore. Unsigned, and no part of S3.

import type { IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { makeBucket, requireBucket } from './buckets.ts'
import type { BucketOptions } from './buckets.ts'
import type { Answer } from './call.ts'
import { contentOf, flipByte, joinContents, sliceContent } from './content.ts'
import type { Content } from './content.ts'
import { lookAlikes } from './dialect.ts'
import type { Dialect } from './dialect.ts'
import type { Fault, Faults } from './faults.ts'
import type { RequestLog } from './request-log.ts'
import { clockOf } from './state.ts'
import type { State } from './state.ts'
import { requireVersion } from './versions.ts'

export type Control = { state: State; faults: Faults; log: RequestLog }

export type BucketRequest = Omit<BucketOptions, 'dialect'> & {
  name: string
  /** A look-alike's name, or fields, or fields on top of a look-alike. */
  dialect?: string | (Partial<Dialect> & { like?: string })
}
export type ClockRequest = { skewMs: number; accessKeyId?: string }
export type CorruptRequest = {
  bucket: string
  key: string
  versionId?: string
  flipByteAt?: number
  truncateTo?: number
  append?: string
}
export type RestoreRequest = { bucket: string; key: string; versionId?: string }

export const controlPrefix = '/__control/'

class ControlError extends Error {}

export async function answerControl(control: Control, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://control')
  const name = `${request.method} ${url.pathname.slice(controlPrefix.length)}`
  const bucket = url.searchParams.get('bucket') ?? undefined
  try {
    const sent: unknown = JSON.parse((await readText(request)) || 'null')
    return { ...json(perform(control, name, bucket, sent)) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ...json({ error: message }), status: 400 }
  }
}

function perform(
  control: Control,
  name: string,
  bucket: string | undefined,
  sent: unknown,
): unknown {
  const { state, faults, log } = control
  switch (name) {
    case 'POST buckets':
      return createBucket(state, expectObject<BucketRequest>(sent, ['name']))
    case 'DELETE buckets':
      return { deleted: state.buckets.delete(bucket ?? '') }
    case 'POST faults':
      return addFaults(faults, sent)
    case 'DELETE faults':
      return faults.clear(bucket)
    case 'GET requests':
      return log.read(bucket)
    case 'DELETE requests':
      return log.clear(bucket)
    case 'POST clock':
      return setClock(state, expectObject<ClockRequest>(sent, ['skewMs']))
    case 'POST corrupt':
      return corrupt(state, expectObject<CorruptRequest>(sent, ['bucket', 'key']))
    case 'POST restores':
      return finishRestore(state, expectObject<RestoreRequest>(sent, ['bucket', 'key']))
  }
  throw new ControlError(`There is no control called "${name}".`)
}

function json(value: unknown): Answer {
  const body = JSON.stringify(value ?? {})
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

function expectObject<T>(sent: unknown, required: readonly (keyof T & string)[]): T {
  if (isRequest<T>(sent, required)) return sent
  throw new ControlError(`The control's body must be an object with ${required.join(', ')}.`)
}

/** Tests send these bodies, in these types; what is found here are only their slips. */
function isRequest<T>(sent: unknown, required: readonly (keyof T & string)[]): sent is T {
  return required.every((name) => Object.hasOwn(Object(sent), name))
}

function createBucket(state: State, request: BucketRequest): unknown {
  if (state.buckets.has(request.name)) {
    throw new ControlError(`There is a bucket called "${request.name}" already.`)
  }
  const { dialect, name, ...options } = request
  const bucket = makeBucket(state, name, { ...options, dialect: resolveDialect(dialect) })
  return { name, region: bucket.region, versioning: bucket.versioning }
}

function resolveDialect(dialect: BucketRequest['dialect'] = {}): Partial<Dialect> {
  const { like = 'amazon', ...fields } = typeof dialect === 'string' ? { like: dialect } : dialect
  const base = lookAlikes[like]
  if (!base) throw new ControlError(`There is no look-alike called "${like}".`)
  return { ...base, ...fields }
}

function addFaults(faults: Faults, sent: unknown): void {
  if (!Array.isArray(sent)) throw new ControlError('Faults come as an array.')
  faults.add(sent.map((fault: unknown) => expectObject<Fault>(fault, ['times', 'action'])))
}

function setClock(state: State, request: ClockRequest): unknown {
  state.skews.set(request.accessKeyId ?? '', request.skewMs)
  return { now: new Date(clockOf(state, request.accessKeyId)).toISOString() }
}

/** Changes the stored bytes and nothing that is known of them: ETag, checksum and parts stay. */
function corrupt(state: State, request: CorruptRequest): unknown {
  const bucket = requireBucket(state, request.bucket)
  const version = requireVersion(bucket, request.key, request.versionId)
  version.content = damage(version.content, request)
  return { size: version.content.size }
}

function damage(content: Content, request: CorruptRequest): Content {
  if (request.flipByteAt !== undefined) return flipByte(content, request.flipByteAt)
  if (request.truncateTo !== undefined) return sliceContent(content, 0, request.truncateTo)
  if (request.append === undefined) {
    throw new ControlError('Say flipByteAt, truncateTo or append.')
  }
  return joinContents([content, contentOf([Buffer.from(request.append)])])
}

function finishRestore(state: State, request: RestoreRequest): unknown {
  const bucket = requireBucket(state, request.bucket)
  const version = requireVersion(bucket, request.key, request.versionId)
  if (!version.restore) throw new ControlError(`"${request.key}" is not being restored.`)
  version.restore.readyMs = Math.min(version.restore.readyMs, clockOf(state))
  return { ready: true }
}
