// Where a listing over several stores goes on: the last key given, and for each store what is still to be read
// of its own listing. Anybody may read it; one that was made for another listing, or by nobody, is refused.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Stretch } from '#shared/compare/reordering.ts'

const MAX_LENGTH = 32_768
const MAX_STRETCHES = 1024

export interface Position {
  last: string | undefined
  /** For each store, in order; empty for one that has been read to its end. */
  stores: Stretch[][]
}

const stretch = z.strictObject({
  cursor: z.optional(z.string().check(z.minLength(1))),
  size: z.optional(z.int().check(z.minimum(1), z.maximum(1000))),
  within: z.optional(z.strictObject({ block: z.string(), kind: z.enum(['surrogate', 'high']) })),
  past: z.optional(z.string()),
})

const text = z.strictObject({
  of: z.string(),
  last: z.optional(z.string()),
  stores: z.array(z.array(stretch).check(z.maxLength(MAX_STRETCHES))),
})

/** `listing` is all that the cursor must not be carried away from. */
export function writeCursor(position: Position, listing: readonly unknown[]): string {
  const written: z.infer<typeof text> = { of: digest(listing), ...position }
  return Buffer.from(JSON.stringify(written)).toString('base64url')
}

export function readCursor(cursor: string, listing: readonly unknown[], stores: number): Position {
  const parsed = text.safeParse(parse(cursor))
  if (!parsed.success) throw strange()
  if (parsed.data.of !== digest(listing)) {
    throw new StorageError(
      'invalid',
      'This cursor belongs to another listing; send it with the prefix, delimiter and stores that it came from.',
    )
  }
  if (parsed.data.stores.length !== stores) throw strange()
  return { last: parsed.data.last, stores: parsed.data.stores }
}

function parse(cursor: string): unknown {
  if (cursor.length > MAX_LENGTH) return undefined
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function digest(listing: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(listing)).digest('base64url').slice(0, 12)
}

function strange(): StorageError {
  return new StorageError('invalid', 'This is no cursor of a listing; leave it out to begin anew.')
}
