// Which of two events of one key came later, where the vendor gives them an order. Undefined is an answer:
// then both must be looked at, and neither may be taken for the newer.

import type { StoreEvent } from './event.ts'

type Compare = (a: string, b: string) => number | undefined

/**
 * Amazon has told to pad the shorter value on the left, and once on the right. Real values are 16 hex digits, or
 * 18 with a leading 00: only as numbers are both in order.
 */
const asHex: Compare = (a, b) => compareNumbers(toNumber(`0x${a}`), toNumber(`0x${b}`))

/** The generation, then the metageneration. */
const asGenerations: Compare = (a, b) => {
  const [older, newer] = [a.split('.'), b.split('.')]
  const first = compareNumbers(toNumber(older[0]), toNumber(newer[0]))
  return first === 0 ? compareNumbers(toNumber(older[1]), toNumber(newer[1])) : first
}

/** Accounts write 32 or 48 digits, and a text of one length says nothing about a text of the other. */
const asText: Compare = (a, b) =>
  a.length === b.length ? Math.sign(a < b ? -1 : +(a > b)) : undefined

const ORDERS: Partial<Record<StoreEvent['vendor'], Compare>> = {
  aws: asHex,
  minio: asHex,
  ceph: asHex,
  gcp: asGenerations,
  azure: asText,
}

type Sequenced = Pick<StoreEvent, 'vendor' | 'bucket' | 'key' | 'sequencer'>

/** Below zero when `a` came before `b`, zero for the same change, undefined where nobody can tell. */
export function compareSequence(a: Sequenced, b: Sequenced): number | undefined {
  if (a.vendor !== b.vendor || a.bucket !== b.bucket || a.key !== b.key) return undefined
  if (a.sequencer === undefined || b.sequencer === undefined) return undefined
  return ORDERS[a.vendor]?.(a.sequencer, b.sequencer)
}

function toNumber(digits = ''): bigint | undefined {
  return /^(0x[0-9a-f]{1,64}|\d{1,64})$/i.test(digits) ? BigInt(digits) : undefined
}

function compareNumbers(a: bigint | undefined, b: bigint | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined
  return a < b ? -1 : Number(a > b)
}
