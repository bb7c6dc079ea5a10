// One change at one replica, as the queue carries it. It says where to look and nothing of what is there, so
// that it may come twice, late and in any order.

import * as z from '#shared/shape/shape.ts'

const text = z.string().check(z.minLength(1))
const flag = z.optional(z.literal(true))
const time = z.number()

export const replicateFields = z.object({
  workspace: text,
  key: text,
  /** The store that is to agree with the truth. */
  to: text,
  /** Where it was made or seen, in a workspace whose truth may move; absent: at the configured primary. */
  at: z.optional(text),
  /** When the change was made or seen, in milliseconds since the epoch: what lag is measured from. */
  since: time,
  /** As it was told: saves a look at a large object, and at a small one that is new. */
  size: z.optional(z.number()),
  /** Somebody saw it deleted, at this time of the store's clock. */
  deleted: z.optional(time),
  /** The second look after a deletion. */
  again: flag,
  /** A deletion that has waited as long as the rules ask. */
  due: flag,
  /** A deletion that a person has allowed. */
  confirmed: flag,
  /** There is a note of it in the ledger, which goes when it succeeds. */
  noted: flag,
  /** Skein's own object, which times its way. */
  canary: flag,
  /** Others have been asked for ranges of it. */
  shared: flag,
})

const partNumber = z.number()

/** Some of the parts of a large object, as whoever began to copy it hands them out. */
export const rangeFields = z.object({
  /** The change that it belongs to. */
  of: replicateFields,
  /** The store that the copy is built up at. */
  at: text,
  uploadId: text,
  firstPart: partNumber,
  lastPart: partNumber,
})

export type RangeFields = z.infer<typeof rangeFields>
export type ReplicateFields = z.infer<typeof replicateFields>
export type ReplicateTask = ReplicateFields & { v: 1; kind: 'replicate' }

export function replicateTask(fields: ReplicateFields): ReplicateTask {
  return { v: 1, kind: 'replicate', ...fields }
}
