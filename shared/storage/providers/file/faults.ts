// What the operating system says, as an error of storage with what to do about it.

import type { ErrorKind } from '../../errors.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'

interface Fault {
  kind: ErrorKind
  /** Ends a sentence that says which key of which store could not be read or written. */
  because: string
}

const FULL: Fault = { kind: 'unavailable', because: 'the disk is full; make room and try again' }
const FORBIDDEN: Fault = {
  kind: 'denied',
  because: 'this process may not read or write there; change the owner or the mode of the folder',
}
const EXHAUSTED: Fault = {
  kind: 'unavailable',
  because: 'too many files are open; raise the limit (ulimit -n) or do less at once',
}
const TOO_LONG: Fault = {
  kind: 'invalid',
  because: 'its path is longer than the file system allows; use a shorter key or folder',
}
const BROKEN: Fault = { kind: 'unavailable', because: 'the disk failed; look at its health' }

const FAULTS: Readonly<Record<string, Fault>> = {
  ENOSPC: FULL,
  EDQUOT: { kind: 'unavailable', because: 'the disk quota is used up; make room and try again' },
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EROFS: { kind: 'denied', because: 'the file system is mounted read-only; mount it for writing' },
  EMFILE: EXHAUSTED,
  ENFILE: EXHAUSTED,
  EIO: BROKEN,
  ESTALE: BROKEN,
  ENAMETOOLONG: TOO_LONG,
  EFBIG: { kind: 'too-large', because: 'it is larger than the file system allows' },
  EXDEV: {
    kind: 'invalid',
    because: 'parts of the folder lie on another file system; mount nothing inside it',
  },
  ENOTSUP: { kind: 'unsupported', because: 'the file system has no hard links; use another' },
}

/** True for the operating system's errors, of the given codes if any. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** `undefined` in place of what fails with one of these codes. */
export async function unless<T>(codes: string[], result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (hasCode(error, ...codes)) return undefined
    throw error
  }
}

/** The result, or its failure as an error of storage. */
export async function withFaults<T>(
  store: string,
  key: string | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw toStorageError(error, store, key)
  }
}

function toStorageError(error: unknown, store: string, key: string | undefined): unknown {
  if (error instanceof StorageError || !(error instanceof Error) || !('code' in error)) return error
  const fault = FAULTS[String(error.code)]
  return fault ? faultError(fault, store, key, error) : error
}

function faultError(
  fault: Fault,
  store: string,
  key: string | undefined,
  cause?: Error,
): StorageError {
  const subject = key === undefined ? store : `${quoteKey(key)} of ${store}`
  const message = `${subject} could not be read or written: ${fault.because}.`
  return new StorageError(fault.kind, message, { store, key, cause, retry: 'never' })
}

export function pathTooLong(store: string, key: string): StorageError {
  return faultError(TOO_LONG, store, key)
}

export function linkInTheWay(store: string, key: string, path: string): StorageError {
  const message = `${quoteKey(key)} cannot be written to ${store}: ${JSON.stringify(path)} is a link or no regular file, and none is followed or replaced; move it away.`
  return new StorageError('denied', message, { store, key })
}
