// What a store can do, as one plain record with its limits inside, so that "no" and "how much" are one
// fact. The same record guards each call before a request is made, selects the conformance tests, and
// prints the matrix. A configuration, or a probe, can override any of it for one store.

import { isGroup } from '#shared/shape/group.ts'
import type { ChecksumAlgorithm } from './contract.ts'
import type { Constraint, SignRequest } from './signer.ts'

export interface Capabilities {
  maxObjectBytes: number
  put: {
    /** The largest single write. */
    maxBytes: number
    /** A stream whose length nobody knows yet can be written in one go. */
    unknownLength: boolean
    create: boolean
    match: boolean
    /** Digests that the store checks on a write. */
    checksums: readonly ChecksumAlgorithm[]
  }
  delete: {
    /** Keys in one request. */
    batch: number
    match: boolean
  }
  copy: { maxBytes: number; sourceMatch: boolean; create: boolean; match: boolean } | null
  list: {
    maxKeys: number
    /** The order of keys over pages: by UTF-8 bytes, or by UTF-16 code units. */
    order: 'utf8' | 'utf16'
  }
  multipart: {
    minPartBytes: number
    maxPartBytes: number
    maxParts: number
    /** All parts but the last are of one size. */
    equalParts: boolean
    /** `create` and `ifMatch` hold at completion. */
    create: boolean
    match: boolean
    listParts: boolean
    listUploads: boolean
    digests: {
      /** Told unasked in the answer to a part. */
      part: ChecksumAlgorithm | null
      /** Of the whole: told once it is committed, where `begin` named one; what `complete` brings is held against it. */
      whole: readonly ChecksumAlgorithm[]
    }
    /** A part can be read by the provider itself: from its own buckets, or from any signed URL. */
    pulls: 'provider' | 'anywhere' | null
  } | null
  presign: {
    actions: readonly SignRequest['action'][]
    maxSeconds: number
    /** What a signed upload (PUT; for parts: size and checksum of these) holds its bearer to. */
    enforces: readonly Constraint[]
    /** Digests that can be put under the signature of a PUT. */
    checksums: readonly ChecksumAlgorithm[]
  } | null
  metadata: { maxBytes: number; maxPairs: number }
  keys: { maxBytes: number }
  /** Classes chosen at write; empty where there is only one. */
  classes: readonly string[]
  tags: { max: number } | null
  versions: boolean
  retention: boolean
  /** What `skein setup` can do here through the provider's own API. */
  setup: {
    cors: boolean
    /** `always`: everything is encrypted by the provider's own keys, and nothing can be set. */
    encryption: boolean | 'always'
    versioning: boolean
    lifecycle: readonly ('expire' | 'transition' | 'noncurrent' | 'abort-multipart')[]
  }
}

/** Any part of the record, at any depth: what a configuration's `capabilities` holds. */
export type CapabilityOverrides = { [Group in keyof Capabilities]?: Override<Capabilities[Group]> }
type Override<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: T[K] }
    : T

/** The record with the overrides in place; `null` switches a group off. */
export function withOverrides(
  base: Capabilities,
  ...overrides: (CapabilityOverrides | undefined)[]
): Capabilities {
  const merged: Record<string, unknown> = { ...base }
  for (const override of overrides) {
    for (const [group, value] of Object.entries(override ?? {})) {
      merged[group] =
        isGroup(value) && isGroup(merged[group]) ? { ...merged[group], ...value } : value
    }
  }
  return merged as unknown as Capabilities
}
