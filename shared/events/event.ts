// "Something happened to this key in this store", from any provider, in one shape. An event is a hint: it may
// come twice, late, in another order or never, and what it tells of the object may have changed since. So it
// says where to look, and what was seen there; whoever handles it looks.

/** Whose notification it was. It decides which stores it can be about. */
export type Vendor = 'aws' | 'gcp' | 'azure' | 'r2' | 'b2' | 'minio' | 'wasabi' | 'ceph'

/**
 * `created`: new content at the key, by whatever way of writing. `deleted`: the key reads as absent since.
 * `version-deleted`: one version is gone for good, and another may be what the key reads now. `renamed`: the
 * content of `from` is at the key since, and `from` is gone. `missing`: a scan saw the key once and does not now;
 * nobody has told of a delete, so it is evidence of none.
 */
export type EventType = 'created' | 'deleted' | 'version-deleted' | 'renamed' | 'missing'

export interface StoreEvent {
  type: EventType
  vendor: Vendor
  /** Azure's storage account, Cloudflare's account: there a bucket's name is not the whole of its address. */
  account?: string | undefined
  bucket: string
  /** Decoded as the vendor encodes it; with the store's prefix, as the bucket has it. */
  key: string
  from?: string | undefined
  /** Version id or generation. */
  version?: string | undefined
  /** As a portable store tells it: what `ifMatch` takes. */
  etag?: string | undefined
  size?: number | undefined
  /** Orders the events of one key; see `compareSequence`. */
  sequencer?: string | undefined
  /** ISO 8601, in UTC. */
  at?: string | undefined
  /** Equal ids are the same event. One event may all the same come under several, where the vendor gives it none. */
  id: string
  /** Whoever made the change, as the vendor names him: a principal, a rule, a client's request id. */
  by?: string | undefined
  /** The metadata `skein_source`, where the event carries it: a copy then tells by itself whose. Not verified. */
  source?: string | undefined
}

/** What was told and is nothing to act on. */
export interface Ignored {
  type: 'ignore'
  reason: string
  bucket?: string | undefined
  key?: string | undefined
}

export type Reading = StoreEvent | Ignored

export function ignored(reason: string, about: { bucket?: string; key?: string } = {}): Ignored {
  return { type: 'ignore', reason, ...about }
}

export function isEvent(reading: Reading): reading is StoreEvent {
  return reading.type !== 'ignore'
}
