// A bucket's own resource, as far as setup reads and writes it.

import type { Ask } from '../../setup-step.ts'
import type { Transport } from './transport.ts'

export interface GcsCorsRule {
  origin?: string[]
  method?: string[]
  responseHeader?: string[]
  maxAgeSeconds?: number
}

export interface GcsLifecycleRule {
  action: { type: string; storageClass?: string }
  condition: Record<string, unknown> & {
    age?: number
    isLive?: boolean
    daysSinceNoncurrentTime?: number
    matchesPrefix?: string[]
  }
}

export interface BucketResource {
  metageneration: string
  cors?: GcsCorsRule[]
  lifecycle?: { rule?: GcsLifecycleRule[] }
  labels?: Record<string, string>
  versioning?: { enabled?: boolean }
  encryption?: { defaultKmsKeyName?: string }
}

const FIELDS = 'metageneration,cors,lifecycle,labels,versioning,encryption'

export interface BucketSettings {
  /** How messages call the store. */
  store: string
  name: string
  read(): Promise<BucketResource>
  /** Fails with `precondition` unless the bucket is still as it was `since`. A null takes a field away. */
  patch(since: BucketResource, change: object): Promise<void>
}

export function openBucketSettings(transport: Transport, ask: Ask): BucketSettings {
  const { name: store, bucket } = transport.settings
  const path = `/storage/v1/b/${bucket}`
  return {
    store,
    name: bucket,
    read: () =>
      ask('buckets.get', (signal) =>
        transport.json<BucketResource>({
          method: 'GET',
          path,
          query: { fields: FIELDS },
          signal,
        }),
      ),
    async patch({ metageneration }, change) {
      const query = { ifMetagenerationMatch: metageneration, fields: 'metageneration' }
      await ask(
        'buckets.patch',
        (signal) => transport.json({ method: 'PATCH', path, query, json: change, signal }),
        true,
      )
    },
  }
}
