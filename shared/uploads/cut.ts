// How an object is cut into parts: all of one size but the last, as every provider takes them; the size is
// the store's own, grown where there would be more parts than the rules or the provider allow.

import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { RuleError } from './policy.ts'
import type { UploadRules } from './rules.ts'

const MiB = 1024 * 1024

export interface Cut {
  size: number
  count: number
}

export function cutObject(store: Store, rules: UploadRules, key: string, bytes: number): Cut {
  const { minPartBytes, maxPartBytes } = partLimits(store, key)
  if (bytes === 0) throw emptyParts(store, key)
  const most = mostParts(store, rules, key)
  const wanted = Math.max(store.transfer.partSizeBytes, minPartBytes)
  const enough = wanted * most >= bytes
  const size = Math.min(enough ? wanted : Math.ceil(bytes / most / MiB) * MiB, maxPartBytes)
  const count = Math.ceil(bytes / size)
  if (count <= most) return { size, count }
  const message = `${quoteKey(key)} would be ${count} parts of ${size} bytes; ${most} parts are the most here.`
  throw new RuleError('maxParts', message, { store: store.name, key })
}

/** The least of what the rules and the provider allow, and of what so many bytes can need. */
export function mostParts(
  store: Store,
  rules: UploadRules,
  key: string,
  maxBytes = Number.MAX_SAFE_INTEGER,
): number {
  const { maxParts, minPartBytes } = partLimits(store, key)
  return Math.min(rules.maxParts, maxParts, Math.max(1, Math.ceil(maxBytes / minPartBytes)))
}

export function partBytes({ size, count }: Cut, bytes: number, partNumber: number): number {
  return partNumber < count ? size : bytes - size * (count - 1)
}

function partLimits({ name, capabilities: { multipart } }: Store, key: string) {
  if (multipart) return multipart
  throw new StorageError('unsupported', `${name} cannot take uploads in parts.`, {
    store: name,
    key,
  })
}

function emptyParts({ name }: Store, key: string): StorageError {
  const message = `${quoteKey(key)} is empty and has no parts; leave the method out.`
  return new StorageError('unsupported', message, { store: name, key })
}
