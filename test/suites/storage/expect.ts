// What the cases expect of refusals.

import assert from 'node:assert/strict'
import type { DeleteResult } from '#shared/storage/contract.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Harness } from './harness.ts'

/** The call fails with a StorageError of one of these kinds that names store and key; gives it back. */
export async function rejectsWith(
  kinds: ErrorKind | readonly ErrorKind[],
  run: Promise<unknown> | (() => Promise<unknown>),
): Promise<StorageError> {
  const expected = typeof kinds === 'string' ? [kinds] : kinds
  const error = await failureOf(run)
  if (!(error instanceof StorageError)) {
    assert.fail(`expected ${expected.join(' or ')}, got ${describeValue(error)}`)
  }
  const told = `${error.kind}: ${error.message}`
  assert.ok(expected.includes(error.kind), `expected ${expected.join(' or ')}, got ${told}`)
  assert.ok(error.store, `the error names no store: ${told}`)
  return error
}

async function failureOf(run: Promise<unknown> | (() => Promise<unknown>)): Promise<unknown> {
  let value: unknown
  try {
    value = await (typeof run === 'function' ? run() : run)
  } catch (error) {
    return error
  }
  throw new assert.AssertionError({ message: `expected a refusal, got ${describeValue(value)}` })
}

function describeValue(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return JSON.stringify(value) ?? 'undefined'
}

/** Unsupported, and said before any request was made. */
export async function refusedUnasked(harness: Harness, run: () => Promise<unknown>): Promise<void> {
  await harness.control?.clear()
  await rejectsWith('unsupported', run)
  assert.deepEqual((await harness.control?.requests()) ?? [], [], 'requests were made')
}

export function allDeleted(results: readonly DeleteResult[]): void {
  for (const { key, error } of results) {
    if (error) assert.fail(`${key} was not deleted: ${error.message}`)
  }
}
