// What an R2 binding throws, in the contract's terms: by the code at the end of its message, which is all
// it tells. https://developers.cloudflare.com/r2/api/error-codes/

import type { ErrorKind } from '../../errors.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'

interface Meaning {
  kind: ErrorKind
  status: number
  /** Ends the sentence that begins with the store and the key. */
  says: string
  ambiguous?: boolean
}

const MEANINGS: Record<number, Meaning> = {
  10001: { kind: 'unavailable', status: 500, says: 'had a failure inside R2', ambiguous: true },
  10002: { kind: 'unauthenticated', status: 401, says: 'did not accept the binding' },
  10003: { kind: 'denied', status: 403, says: 'does not allow this to the binding' },
  10006: {
    kind: 'not-found',
    status: 404,
    says: 'has no such bucket: check bucket_name of the binding',
  },
  10007: { kind: 'not-found', status: 404, says: 'has no such object' },
  10011: {
    kind: 'invalid',
    status: 400,
    says: 'wants parts of 5 MiB at least, the last one excepted',
  },
  10012: { kind: 'too-large', status: 400, says: 'takes no metadata as large as this' },
  10020: { kind: 'invalid', status: 400, says: 'does not take this key' },
  10024: {
    kind: 'not-found',
    status: 404,
    says: 'has no such unfinished upload; it was completed or aborted',
  },
  10025: { kind: 'invalid', status: 400, says: 'has not all of the parts named; send them again' },
  10031: { kind: 'precondition', status: 412, says: 'holds another content than was asked for' },
  10037: {
    kind: 'corrupt',
    status: 400,
    says: 'got bytes that do not have the digest they were sent with',
  },
  10039: { kind: 'invalid', status: 416, says: 'holds fewer bytes than the range begins with' },
  10042: { kind: 'denied', status: 403, says: 'belongs to an account without an R2 subscription' },
  10043: { kind: 'unavailable', status: 503, says: 'is not available at the moment' },
  10048: { kind: 'invalid', status: 400, says: 'wants all parts but the last of one size' },
  10054: {
    kind: 'unavailable',
    status: 400,
    says: 'lost the connection on the way',
    ambiguous: true,
  },
  10058: { kind: 'throttled', status: 429, says: 'takes about one write a second for one key' },
  100100: { kind: 'too-large', status: 400, says: 'takes no object or part as large as this' },
}

/** An answer of a binding that broke says nothing of whether it was carried out. */
const LOST = /network connection lost|internal error|timed? ?out|disconnected/i

export function toStorageError(error: unknown, store: string, key: string | undefined): Error {
  if (error instanceof StorageError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = Number(/\((\d{5,6})\)\s*$/.exec(text)?.[1])
  const meaning = MEANINGS[code]
  const what = key === undefined ? store : `${store}, asked about ${quoteKey(key)},`
  if (meaning) {
    const { kind, status, says, ambiguous } = meaning
    return new StorageError(kind, `${what} ${says}.`, {
      store,
      key,
      status,
      ambiguous,
      cause: error,
    })
  }
  const lost = LOST.test(text)
  const kind = lost ? 'unavailable' : 'internal'
  return new StorageError(kind, `${what} failed: ${text.replace(/\.$/, '')}.`, {
    store,
    key,
    ambiguous: lost,
    cause: error,
  })
}
