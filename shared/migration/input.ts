// What a migration can be asked for.

import * as z from '#shared/shape/shape.ts'

const text = z.string().check(z.minLength(1))

const place = z.strictObject({
  /** A configured store; on the command line a URI too. */
  store: text,
  /** Only keys that begin so, and told without it. */
  base: z.optional(z.string()),
})

export const migrateInput = z.strictObject({
  from: place,
  to: place,
  /**
   * Patterns as in `skein sync`: `include` names what alone is moved, `exclude` what stays. A whole workspace, whose
   * writes are to be switched over, has none of these.
   */
  include: z.optional(z.array(text)),
  exclude: z.optional(z.array(text)),
  minBytes: z.optional(z.int().check(z.nonnegative())),
  maxBytes: z.optional(z.int().check(z.nonnegative())),
  /** ISO dates. */
  since: z.optional(text),
  until: z.optional(text),
  /** Only objects of these classes at the source. */
  classes: z.optional(z.array(text)),
  /** At the destination; the store's own default where nothing is said. */
  storageClass: z.optional(text),
  /** What already lies at the destination under a key and is something else: kept aside, or left and told of. */
  existing: z.optional(z.enum(['replace', 'keep'])),
  /** At most so much, over all who work on it. */
  limits: z.optional(
    z.strictObject({
      requestsPerSecond: z.optional(z.number().check(z.positive())),
      bytesPerSecond: z.optional(z.number().check(z.positive())),
      usdPerDay: z.optional(z.number().check(z.positive())),
    }),
  ),
  /** Objects that one worker copies at once. */
  transfers: z.optional(z.int().check(z.positive(), z.maximum(256))),
  /** How many can work on it at once. */
  parts: z.optional(z.int().check(z.positive(), z.maximum(128))),
  /** With what would happen to each object; nothing is written but the job itself. */
  dryRun: z.optional(z.boolean()),
  /** How old a change may be that the destination still lacks at the cutover. */
  maxLagSeconds: z.optional(z.number().check(z.positive())),
  /** How long after the cutover, or after verification, the source stays as it is. */
  graceSeconds: z.optional(z.number().check(z.nonnegative())),
})

export type MigrateInput = z.infer<typeof migrateInput>
