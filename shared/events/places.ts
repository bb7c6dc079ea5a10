// Which stores of the configuration an event is about. A bucket may hold several, each under a prefix of its
// own, and a bucket of one name may be at two providers; so the vendor is asked first, then the account where
// there are accounts, then the bucket, then the prefix.

import type { StoreAddress } from '#shared/storage/address.ts'
import { keyProblem } from '#shared/storage/keys.ts'
import type { StoreEvent, Vendor } from './event.ts'

export interface Place {
  store: string
  address: StoreAddress
}

/** What of a store an event is about: its name, and the key as the store has it. */
export interface Spot {
  store: string
  key: string
}

/** The provider's row, by whoever speaks as its vendor. */
const ROWS: Record<Vendor, string> = {
  aws: 's3',
  gcp: 'gcs',
  azure: 'azure',
  r2: 'r2',
  b2: 'b2',
  minio: 'minio',
  wasabi: 'wasabi',
  ceph: 'ceph',
}

/** Servers that nobody has a row for speak as one of these. */
const SPEAK_FOR_OTHERS: readonly Vendor[] = ['aws', 'minio', 'ceph']
const OTHERS = 's3-compatible'

export function placesOfVendor(vendor: Vendor, places: readonly Place[]): readonly Place[] {
  const own = places.filter(({ address }) => address.row.id === ROWS[vendor])
  if (own.length > 0 || !SPEAK_FOR_OTHERS.includes(vendor)) return own
  return places.filter(({ address }) => address.row.id === OTHERS)
}

/** The store and the others in its bucket: whoever may tell of one tells of all. */
export function placesBeside(store: string, places: readonly Place[]): readonly Place[] {
  const found = places.find((place) => place.store === store)
  return found ? places.filter(({ address }) => isSameBucket(address, found.address)) : []
}

/** Empty for a key that lies in no store, or that a store cannot have. */
export function spotsOf(
  { bucket, account }: Pick<StoreEvent, 'bucket' | 'account'>,
  key: string,
  places: readonly Place[],
): Spot[] {
  return places
    .filter(({ address }) => address.bucket === bucket && isOfAccount(address, account))
    .filter(({ address }) => key.startsWith(address.prefix))
    .map(({ store, address }) => ({ store, key: key.slice(address.prefix.length) }))
    .filter((spot) => keyProblem(spot.key) === undefined)
}

function isSameBucket(a: StoreAddress, b: StoreAddress): boolean {
  return (
    a.row.id === b.row.id &&
    a.bucket === b.bucket &&
    a.account === b.account &&
    a.parameters['endpoint'] === b.parameters['endpoint']
  )
}

/** A binding leads to its bucket whatever the address calls the account. */
function isOfAccount({ account, parameters }: StoreAddress, told: string | undefined): boolean {
  const unknown = account === undefined || told === undefined
  return unknown || parameters['binding'] !== undefined || account === told
}
