// A bucket of the project's own S3 server with a driver on it, below `Store`: what the driver sends and
// what it makes of each answer can be seen one request at a time.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { withOverrides } from '#shared/storage/capabilities.ts'
import type { CapabilityOverrides } from '#shared/storage/capabilities.ts'
import type { Driver } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { createS3Driver } from '#shared/storage/providers/s3/driver.ts'
import type { S3Settings } from '#shared/storage/providers/s3/settings.ts'
import { s3Settings } from '#shared/storage/providers/s3/settings.ts'
import type { S3Server } from '../servers/s3/server.ts'
import { testCredential } from '../servers/s3/server.ts'
import type { Fault } from '../servers/s3/faults.ts'
import type { LogEntry } from '../servers/s3/request-log.ts'
import { s3Opening } from './s3-opening.ts'

export const MiB = 1024 * 1024
export const signal = new AbortController().signal
export const KEYS = {
  accessKeyId: testCredential.accessKeyId,
  secretAccessKey: testCredential.secretAccessKey,
}

export interface TestBucket {
  name: string
  settings: S3Settings
  driver: Driver
  /** Another driver on it, that thinks otherwise. */
  reopen: (changes: Partial<S3Settings>, capabilities?: CapabilityOverrides) => Driver
  control: (method: string, path: string, body?: unknown) => Promise<unknown>
  fault: (fault: Omit<Fault, 'times'> & { times?: number }) => Promise<void>
  requests: () => Promise<LogEntry[]>
  forget: () => Promise<void>
}

export interface BucketWishes {
  uri?: (bucket: string) => string
  dialect?: unknown
  versioning?: 'Enabled' | 'Suspended'
  objectLock?: boolean
}

export async function openTestBucket(
  server: S3Server,
  wishes: BucketWishes = {},
): Promise<TestBucket> {
  const name = `t-${randomUUID()}`
  const { uri = (bucket) => `s3://${bucket}?region=us-east-1`, ...rest } = wishes
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`${server.url}/__control/${path}`, { method, ...sent })
    const told = await answer.text()
    assert.ok(answer.ok, told)
    return JSON.parse(told)
  }
  await control('POST', 'buckets', { name, ...rest })
  const options = { credentials: KEYS }
  const opening = s3Opening(uri(name), { options, platform: { now: Date.now } })
  const settings = { ...s3Settings(opening), endpoint: server.url, pathStyle: true }
  return {
    name,
    settings,
    driver: createS3Driver(settings),
    reopen: (changes, overrides) => {
      const capabilities = withOverrides(settings.capabilities, overrides)
      return createS3Driver({ ...settings, capabilities, ...changes })
    },
    control,
    fault: async (fault) => {
      await control('POST', 'faults', [{ bucket: name, times: 1, ...fault }])
    },
    requests: async () => {
      const log = (await control('GET', `requests?bucket=${name}`)) as { requests: LogEntry[] }
      return log.requests
    },
    forget: async () => {
      await control('DELETE', `requests?bucket=${name}`)
    },
  }
}

export async function refusal(kind: ErrorKind, promise: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await promise.then(
    () => assert.fail(`expected ${kind}, and it went well`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof StorageError)) throw error
  assert.equal(error.kind, kind, error.message)
  return error
}

export function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body).text()
}

export const bytes = (text: string): { bytes: Uint8Array } => ({
  bytes: new TextEncoder().encode(text),
})
