// What can be said of one store besides its URI: credentials, where the provider's own chain shall not be
// asked, and how hard to work. Plain types; the configuration's schema checks the values.

import type { CapabilityOverrides } from './capabilities.ts'

export interface StoreOptions {
  /** How messages call it; the configuration's name for it. */
  name?: string | undefined
  credentials?: StoreCredentials | undefined
  /** Where this very store differs from its provider's row; a probe can write this down. */
  capabilities?: CapabilityOverrides | undefined
  transfer?: TransferOptions | undefined
  retry?: RetryOptions | undefined
  timeouts?: TimeoutOptions | undefined
}

/** Any of them absent: the provider's own chain finds it (environment, profile, role, managed identity). */
export interface StoreCredentials {
  /** S3 and its look-alikes; also Google's HMAC keys. */
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
  sessionToken?: string | undefined
  /** A profile of the AWS configuration files. */
  profile?: string | undefined
  /** Google: a service account's key file, or its JSON. */
  credentialsFile?: string | undefined
  credentialsJson?: string | undefined
  /** Azure. */
  accountKey?: string | undefined
  connectionString?: string | undefined
  sasToken?: string | undefined
  /** Folders: what their signed URLs are signed with, and where the server that honours them is. */
  signingSecret?: string | undefined
  publicUrl?: string | undefined
}

export interface TransferOptions {
  /** Parts of one object in flight. */
  concurrency?: number | undefined
  partSizeBytes?: number | undefined
  /** Larger objects go up in parts. */
  multipartThresholdBytes?: number | undefined
}

const MiB = 1024 * 1024

export const DEFAULT_TRANSFER = {
  concurrency: 4,
  partSizeBytes: 8 * MiB,
  multipartThresholdBytes: 64 * MiB,
}

export interface RetryOptions {
  /** The first try counts. */
  attempts?: number | undefined
  delaySeconds?: number | undefined
  maxDelaySeconds?: number | undefined
}

export interface TimeoutOptions {
  /** Until an answer begins. */
  requestSeconds?: number | undefined
  /** A body, in either direction, of which no byte moves. */
  idleSeconds?: number | undefined
  /** A copy at the provider, which says nothing until it is done. */
  copySeconds?: number | undefined
}

export const DEFAULT_TIMEOUTS = { requestSeconds: 30, idleSeconds: 60, copySeconds: 600 }
