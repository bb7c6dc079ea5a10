// What a workspace allows, checked before anything is signed. A refusal says which rule it was, what was
// asked and what would be allowed. Rules are made ready once; a check allocates next to nothing.

import { Buffer } from 'node:buffer'
import type { Principal } from '#shared/access/principal.ts'
import type {
  Checksum,
  ChecksumAlgorithm,
  CopyRequest,
  UploadRequest,
} from '#shared/client/protocol.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { checkClass } from '#shared/storage/guard.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { rememberLast } from '#shared/wire/remember-last.ts'
import type { KeyPattern } from './key-patterns.ts'
import { claimValue, compilePattern } from './key-patterns.ts'
import type { UploadRules } from './rules.ts'

export type Rule =
  | 'types'
  | 'size'
  | 'keys'
  | 'prefix'
  | 'expiry'
  | 'maxParts'
  | 'classes'
  | 'requireChecksum'
  | 'metadata'
  | 'batch'

/** The workspace's own rule refused; `rule` names it. */
export class RuleError extends StorageError {
  readonly rule: Rule

  constructor(
    rule: Rule,
    message: string,
    { kind = 'denied', ...where }: { kind?: ErrorKind; store?: string; key?: string } = {},
  ) {
    super(kind, message, where)
    this.name = 'RuleError'
    this.rule = rule
  }
}

/** Metadata of these names is Skein's own. */
export const OWN_METADATA = 'skein_'

/** A request that the rules allow, with what they add to it. */
export interface Asked extends UploadRequest {
  ifAbsent: boolean
  expiresInSeconds: number
}

export interface Policy {
  /** Throws `RuleError`, or `invalid` for what cannot be right anywhere. */
  check(who: Principal, request: UploadRequest): Asked
  /** For a copy, which is an upload by another way: its key keeps the rules, and so does what it overwrites. */
  checkCopy(who: Principal, request: CopyRequest): CopyRequest
  checkExpiry(seconds: number | undefined): number
  /** For keys of uploads that were planned before: they must still be the caller's. */
  checkPrefix(who: Principal, key: string): void
}

export function createPolicy(rules: UploadRules, store: Store): Policy {
  const patterns = rules.keys?.map(compilePattern)
  const types = rules.types?.map(toTypeTest)
  const checkExpiry = (seconds?: number) => expiry(rules, store, seconds)
  const checkPrefix = (who: Principal, key: string) => prefix(store, who, key)
  const checkKey = (who: Principal, key: string) => {
    // Says what no key of this store can be.
    store.fullKey(key)
    prefix(store, who, key)
    if (patterns) keyRule(patterns, store, who, key)
  }
  return {
    checkExpiry,
    checkPrefix,
    checkCopy(who, request) {
      checkKey(who, request.to)
      return rules.onlyIfAbsent ? { ...request, ifAbsent: true } : request
    },
    check(who, request) {
      const { key, contentType, checksum } = request
      checkKey(who, key)
      if (types) typeRule(rules, types, store, key, contentType)
      sizeRule(rules, store, request)
      checksumRule(rules, store, key, checksum)
      metadataRule(store, request)
      return allFields(request, {
        storageClass: classRule(rules, store, request),
        ifAbsent: rules.onlyIfAbsent || (request.ifAbsent ?? false),
        expiresInSeconds: checkExpiry(request.expiresInSeconds),
      })
    },
  }
}

/**
 * Each by its name, given or not, so that all that comes after sees objects of one form: a copy with `...` would have
 * another for each selection of fields, and V8 keeps no code for a form that no object has at the moment.
 */
function allFields(
  request: UploadRequest,
  decided: Pick<Asked, 'storageClass' | 'ifAbsent' | 'expiresInSeconds'>,
): Asked {
  return {
    key: request.key,
    size: request.size,
    contentType: request.contentType,
    contentEncoding: request.contentEncoding,
    contentDisposition: request.contentDisposition,
    contentLanguage: request.contentLanguage,
    cacheControl: request.cacheControl,
    checksum: request.checksum,
    metadata: request.metadata,
    method: request.method,
    storageClass: decided.storageClass,
    ifAbsent: decided.ifAbsent,
    expiresInSeconds: decided.expiresInSeconds,
  } satisfies Record<keyof UploadRequest, unknown>
}

function prefix(store: Store, { prefix: own, name }: Principal, key: string): void {
  if (key.startsWith(own)) return
  const message = `${quoteKey(key)} is not for ${name}, whose keys begin with ${quoteKey(own)}.`
  throw new RuleError('prefix', message, { store: store.name, key })
}

function keyRule(
  patterns: readonly KeyPattern[],
  store: Store,
  { claims }: Principal,
  key: string,
): void {
  if (patterns.some((pattern) => pattern.matches(key, claims))) return
  const lacking = new Set(
    patterns
      .flatMap((pattern) => pattern.claims)
      .filter((name) => claimValue(claims, name) === undefined),
  )
  const hint = lacking.size === 0 ? '' : ` The caller has no usable ${[...lacking].join(', ')}.`
  const allowed = patterns.map(({ text }) => text).join(', ')
  const message = `The key ${quoteKey(key)} is not allowed here: keys look like ${allowed}.${hint}`
  throw new RuleError('keys', message, { store: store.name, key })
}

/** A list of types would pass as its first and be shown as its last, by the rules of browsers. */
const ESSENCE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/

/** Parameters such as `charset` do not make another type. Few types are asked for, one after another. */
const readType = rememberLast((contentType: string | undefined) => {
  const essence = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return { essence, one: ESSENCE.test(essence) && !contentType?.includes(',') }
})

type TypeTest = (essence: string) => boolean

function toTypeTest(written: string): TypeTest {
  const wanted = written.toLowerCase()
  if (wanted === '*' || wanted === '*/*') return () => true
  if (!wanted.endsWith('/*')) return (essence) => essence === wanted
  const family = wanted.slice(0, -1)
  return (essence) => essence.startsWith(family)
}

function typeRule(
  rules: UploadRules,
  types: readonly TypeTest[],
  store: Store,
  key: string,
  contentType: string | undefined,
): void {
  const { essence, one } = readType(contentType)
  if (one && types.some((test) => test(essence))) return
  const asked =
    essence === '' ? 'An upload without a type' : `The type ${JSON.stringify(contentType)}`
  const message = `${asked} is not allowed here: types are ${rules.types?.join(', ')}.`
  throw new RuleError('types', message, { store: store.name, key })
}

function sizeRule(rules: UploadRules, store: Store, { key, size }: UploadRequest): void {
  if (size === undefined) return
  const where = { store: store.name, key }
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new StorageError('invalid', `A size is a whole number of bytes, not ${size}.`, where)
  }
  if (size < rules.minBytes) {
    const message = `${size} bytes are too few: ${rules.minBytes} is the least here.`
    throw new RuleError('size', message, where)
  }
  const { maxObjectBytes } = store.capabilities
  const most = Math.min(rules.maxBytes, maxObjectBytes)
  if (size <= most) return
  const message = `${size} bytes are too many: ${most} is the most here.`
  throw rules.maxBytes <= maxObjectBytes
    ? new RuleError('size', message, { kind: 'too-large', ...where })
    : new StorageError('too-large', message, where)
}

const DIGEST_BYTES: Record<ChecksumAlgorithm, number> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  md5: 16,
  sha1: 20,
  sha256: 32,
}

function checksumRule(
  { requireChecksum: required }: UploadRules,
  store: Store,
  key: string,
  checksum: Checksum | undefined,
): void {
  if (checksum !== undefined) checkDigest(checksum, store.name, key)
  if (!required || (checksum && required.includes(checksum.algorithm))) return
  const brought = checksum ? `${checksum.algorithm} is none of them` : 'there is none'
  const message = `An upload needs a checksum here, one of ${required.join(', ')}; ${brought}.`
  throw new RuleError('requireChecksum', message, { store: store.name, key })
}

export function checkDigest({ algorithm, value }: Checksum, store: string, key: string): void {
  const wanted = DIGEST_BYTES[algorithm]
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === wanted && bytes.toString('base64') === value) return
  const message = `The ${algorithm} of ${quoteKey(key)} is not base64 of ${wanted} bytes.`
  throw new StorageError('invalid', message, { store, key })
}

function metadataRule(store: Store, { key, metadata }: UploadRequest): void {
  for (const name in metadata) {
    if (!name.startsWith(OWN_METADATA)) continue
    const message = `The metadata ${JSON.stringify(name)} is not allowed: names that begin with ${OWN_METADATA} are Skein's own.`
    throw new RuleError('metadata', message, { store: store.name, key })
  }
}

function classRule(
  { classes, defaultClass }: UploadRules,
  store: Store,
  { key, storageClass }: UploadRequest,
): string | undefined {
  const asked = storageClass ?? defaultClass
  if (storageClass === undefined || !classes || classes.includes(storageClass)) {
    // Here, since a class that comes with the promotion would fail when nobody can mend it any more.
    if (asked !== undefined) checkClass(store.subject(key), asked)
    return asked
  }
  const message = `The class ${JSON.stringify(storageClass)} is not allowed here: classes are ${classes.join(', ')}.`
  throw new RuleError('classes', message, { store: store.name, key })
}

function expiry(rules: UploadRules, store: Store, seconds: number | undefined): number {
  const longest = store.capabilities.presign?.maxSeconds ?? rules.maxExpirySeconds
  if (seconds === undefined) return Math.min(rules.defaultExpirySeconds, longest)
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    throw new StorageError('invalid', `A URL lives for a whole number of seconds, not ${seconds}.`)
  }
  if (seconds <= Math.min(rules.maxExpirySeconds, longest)) return seconds
  const most = Math.min(rules.maxExpirySeconds, longest)
  throw new RuleError('expiry', `${seconds} seconds are too long: ${most} is the most here.`, {
    store: store.name,
  })
}
