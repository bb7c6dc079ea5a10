// By which way an upload goes: method, staged or straight to its key, and what its signatures can hold.
// Straight, where the provider holds the bearer to everything that was asked, or nothing can be seen before Skein
// itself has checked it; else by a staging key, from where it is promoted when it has passed.

import type { UploadMethod } from '#shared/client/protocol.ts'
import type { Constraint } from '#shared/storage/signer.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Cut } from './cut.ts'
import { cutObject } from './cut.ts'
import { knownAlgorithms, willHold } from './digests.ts'
import type { Asked } from './policy.ts'
import type { UploadRules } from './rules.ts'

export interface Route {
  method: UploadMethod
  staged: boolean
  cut?: Cut | undefined
}

export function chooseRoute(store: Store, rules: UploadRules, asked: Asked): Route {
  const method = chooseMethod(store, asked)
  const staged = rules.staging === 'always' || needsStaging(store, rules, method, asked)
  if (staged) checkPromotion(store, asked)
  checkVerifiable(store, rules, method, asked)
  const { key, size } = asked
  if (method !== 'parts' || size === undefined) return { method, staged }
  return { method, staged, cut: cutObject(store, rules, key, size) }
}

const ACTION = { put: 'put', form: 'form', parts: 'part', resumable: 'resumable' } as const

export function canSign({ capabilities }: Store, method: UploadMethod): boolean {
  if (method === 'parts' && capabilities.multipart === null) return false
  return capabilities.presign?.actions.includes(ACTION[method]) ?? false
}

function chooseMethod(store: Store, { key, size, method }: Asked): UploadMethod {
  const where = { store: store.name, key }
  if (method !== undefined) {
    if (!canSign(store, method)) {
      const able = (['put', 'form', 'parts', 'resumable'] as const).filter((m) => canSign(store, m))
      const message = `${store.name} cannot take an upload by ${method}; it can by ${able.join(', ') || 'none'}.`
      throw new StorageError('unsupported', message, where)
    }
    checkOneWrite(store, method, key, size)
    return method
  }
  if (size === undefined) {
    if (canSign(store, 'form')) return 'form'
    const message = `${store.name} has no forms, so the size of ${quoteKey(key)} must be said.`
    throw new StorageError('invalid', message, where)
  }
  const { put } = store.capabilities
  if (size <= Math.min(store.transfer.multipartThresholdBytes, put.maxBytes)) return 'put'
  if (canSign(store, 'resumable')) return 'resumable'
  if (canSign(store, 'parts')) return 'parts'
  checkOneWrite(store, 'put', key, size)
  return 'put'
}

function checkOneWrite(store: Store, method: UploadMethod, key: string, size = 0): void {
  const { maxBytes } = store.capabilities.put
  if (method === 'parts' || method === 'resumable' || size <= maxBytes) return
  const message = `${quoteKey(key)} is ${size} bytes and ${store.name} takes ${maxBytes} in one request; ask for parts.`
  throw new StorageError('too-large', message, { store: store.name, key })
}

function needsStaging(
  store: Store,
  rules: UploadRules,
  method: UploadMethod,
  asked: Asked,
): boolean {
  if (method === 'parts') return partsNeedStaging(store, asked)
  const open = askedFor(asked).filter((constraint) => !canHold(store, method, asked, constraint))
  // What only creates destroys nothing: then a fault that completion finds can still be taken away. But who leaves
  // out the mark is never completed, so it must be no more than the sender's own promise that he breaks.
  const harmless = asked.ifAbsent && !open.some((one) => one === 'overwrite' || demands(rules, one))
  return asked.size === undefined || (open.length > 0 && !harmless)
}

/** Whether the workspace itself wants this of the bytes, whatever their sender promised. */
function demands(rules: UploadRules, constraint: Constraint): boolean {
  const { types, minBytes, maxBytes, requireChecksum, classes } = rules
  if (constraint === 'type') return types !== undefined
  if (constraint === 'checksum') return requireChecksum !== undefined
  const limited = minBytes > 0 || maxBytes < Number.MAX_SAFE_INTEGER
  // A signature that holds no length holds no header, nor the class that one of them names.
  return constraint === 'size' && (limited || classes !== undefined)
}

/** Parts appear with Skein's own Complete, after it has read their list. */
function partsNeedStaging(store: Store, { checksum, ifAbsent }: Asked): boolean {
  const { multipart, presign } = store.capabilities
  // Its driver would stage these too, out of sight of whoever asks after a lost answer.
  if (store.row.wire === 'gcs' && ifAbsent) return true
  // Where a signature holds no header, the right to send a part is the right to overwrite the object.
  const loose = !presign?.enforces.includes('size')
  return loose || checksum !== undefined || !multipart?.listParts
}

/** What was asked of the bytes; the rest is open. */
export function askedFor(asked: Asked): Constraint[] {
  const constraints: Constraint[] = ['size']
  if (asked.contentType !== undefined) constraints.push('type')
  if (asked.checksum) constraints.push('checksum')
  if (asked.ifAbsent) constraints.push('overwrite')
  return constraints
}

function canHold(store: Store, method: UploadMethod, asked: Asked, constraint: Constraint) {
  const { presign, put } = store.capabilities
  if (!presign?.enforces.includes(constraint)) return false
  if (constraint === 'checksum') return canSignChecksum(store, method, asked)
  if (constraint === 'overwrite') return method !== 'form' && put.create
  return true
}

/** A session's digest comes with its last request, and a form's as a field of the sender's: neither is signed. */
export function canSignChecksum(store: Store, method: UploadMethod, { checksum }: Asked): boolean {
  const { checksums = [] } = store.capabilities.presign ?? {}
  return method === 'put' && checksum !== undefined && checksums.includes(checksum.algorithm)
}

/** One that goes by staging must fit what the provider copies; where it copies nothing, bytes stream. */
function checkPromotion(store: Store, { key, size }: Asked): void {
  const { copy } = store.capabilities
  if (copy !== null || (size ?? 0) <= store.capabilities.put.maxBytes) return
  const message = `${quoteKey(key)} would have to be staged, and ${store.name} cannot copy it to its place.`
  throw new StorageError('unsupported', message, { store: store.name, key })
}

function checkVerifiable(
  store: Store,
  { verifyBytes, maxBytes }: UploadRules,
  method: UploadMethod,
  asked: Asked,
): void {
  const { key, size = maxBytes, checksum } = asked
  if (!checksum || canSignChecksum(store, method, asked)) return
  if (size <= verifyBytes || willHold(store, method, checksum.algorithm)) return
  const known = knownAlgorithms(store, method)
  const instead = known.length > 0 ? `it can by ${known.join(', ')}` : 'it can by none'
  const message = `${store.name} cannot check the ${checksum.algorithm} of ${quoteKey(key)} without reading more than ${verifyBytes} bytes; ${instead}.`
  throw new StorageError('unsupported', message, { store: store.name, key })
}
